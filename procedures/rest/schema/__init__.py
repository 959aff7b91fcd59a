"""The shapes of requests and answers, for OpenAPI alone: bodies are read by `requests`, answers are made by the selectors.

`procedures` · `scripts` what they run · `said` what they say · `output` what they print and do · `steering` overrides and events ·
`environments` · `site` nodes and logging in · `values` what stands in many of them
"""
