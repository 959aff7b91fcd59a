"""Git repositories on this node: `manager` is the entrance, `mirror` one repository, `files` the files of one commit, `command` how
git is run, `surroundings` with which options and variables, `allowed` whether a repository may be read, `for_packages` the git that uv
finds.

Below `$OET_HOME/git`: `mirrors/<hash>.git` bare mirrors, `trees/<hash>/<commit>` the files, `locks/`; the hash is that of the URL.
"""
