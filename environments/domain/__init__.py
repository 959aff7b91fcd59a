"""What holds for repositories, commits and environments, as pure functions and tables; no Django and no input or output.

`urls` which repositories may be used · `references` names of branches, tags and commits · `paths` inside a repository ·
`states` the life of an Environment · `eviction` which environments go · `pythons` which interpreter fits · `projects` what a commit
asks to be installed · `poetry_lock` poetry's lock in pip's terms · `errors` what is refused, in words
"""
