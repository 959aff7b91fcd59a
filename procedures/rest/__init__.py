"""REST: what programs see, under `/api/v1/`.

`urls` every address · `view` what all views share · `errors` refusals as HTTP · `parsing` JSON bodies and negotiation
`requests` bodies into commands · `queries` query strings and pages · `authentication` tokens and sessions
The views: `procedures`, `presets`, `steering`, `sayings`, `stack`, `output`, `output_search`, `audit`, `past`, `messages`, `environments`,
`site`, `tokens`, `stream`, `health`, `api_schema`
What OpenAPI says: `schema` of shapes · `described`, `past_described` of addresses
"""
