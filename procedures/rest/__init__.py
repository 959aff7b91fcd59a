"""REST: what programs see, under `/api/v1/`.

`urls` every address · `view` what all views share · `errors` refusals as HTTP · `parsing` JSON bodies and negotiation
`requests` bodies into commands · `queries` query strings and pages · `authentication` tokens and sessions
`procedures`, `presets`, `output`, `audit`, `site`, `tokens`, `stream`, `health` the views · `schema`, `described` what OpenAPI says of them
"""
