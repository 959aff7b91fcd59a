"""The API of trials: `tasks/` and `trials/`. Views parse, authorise, call one service or selector, and render.

`parsing` documents and bodies · `tasks`, `trials` the views · `view` what they share · `described`, `schema` what OpenAPI says of them ·
`urls` their addresses.
"""
