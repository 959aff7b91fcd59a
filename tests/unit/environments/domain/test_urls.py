import pytest

from environments.domain.errors import RepositoryRefused
from environments.domain.urls import canonical, is_allowed, relative_to, repository, without_credentials

ALLOW = "https://gitlab.com/ska-telescope/* /srv/git/* ssh://git@example.org/* ssh://git@example.org:2222/* git@github.com:ska/* http://inside/*"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://gitlab.com/ska-telescope/scripts", "https://gitlab.com/ska-telescope/scripts"),
        ("HTTPS://GitLab.com/ska-telescope/scripts.git/", "https://gitlab.com/ska-telescope/scripts.git"),
        ("/srv/git//scripts/", "file:///srv/git/scripts"),
        ("file:///srv/git/scripts", "file:///srv/git/scripts"),
        ("/srv/git/50%41 a", "file:///srv/git/50%2541 a"),
        ("file:///srv/git/50%2541%20a", "file:///srv/git/50%2541 a"),
        ("git+ssh://git@example.org/x", "ssh://git@example.org/x"),
        ("ssh://git@example.org:2222/x", "ssh://git@example.org:2222/x"),
        ("git@github.com:ska/x.git", "git@github.com:ska/x.git"),
        ("git@example.org:/x.git", "ssh://git@example.org/x.git"),
        ("http://inside/x", "http://inside/x"),
    ],
)
def test_spellings_of_a_repository_have_one_form_which_stays_as_it_is(text: str, url: str) -> None:
    assert canonical(text) == url
    assert canonical(url) == url
    assert repository(text, ALLOW).url == url


def test_git_is_given_file_urls_that_decode_to_the_path() -> None:
    found = repository("/srv/git/50%41 é", ALLOW)
    assert found.path == "/srv/git/50%41 é"
    assert found.for_git == "file:///srv/git/50%2541%20%C3%A9"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "required"),
        ("ext::sh -c 'touch /tmp/owned'", "helper"),
        ("fd::17", "helper"),
        ("::https://gitlab.com/ska-telescope/x", "helper"),
        ("--upload-pack=touch /tmp/owned", "option"),
        ("-x", "option"),
        ("git://gitlab.com/ska-telescope/x", "only https"),
        ("ftp://gitlab.com/ska-telescope/x", "only https"),
        ("javascript://gitlab.com/x", "only https"),
        ("https://anna:geheim@gitlab.com/ska-telescope/x", "password"),
        ("https://geheim@gitlab.com/ska-telescope/x", "password"),
        ("https://gitlab.com@evil.example/ska-telescope/x", "password"),
        ("ssh://git:geheim@example.org/x", "password"),
        ("ssh://-oProxyCommand=touch@example.org/x", "user name"),
        ("ssh://-oProxyCommand=touch%20x/x", "host"),
        ("ssh://git@-oProxyCommand=x/x", "host"),
        ("-oProxyCommand=x@example.org:x", "option"),
        ("git@example.org:-x", "option"),
        ("https://gitlab.com/ska-telescope/../evil/x", "`..`"),
        ("https://gitlab.com/ska-telescope/%2e%2e/evil/x", "`..`"),
        ("https://gitlab.com/ska-telescope/%2E./evil/x", "`..`"),
        ("https://gitlab.com/ska-telescope/x%2f..%2f..%2fevil", "`..`"),
        ("https://gitlab.com/ska-telescope\\..\\x", "path"),
        ("https://gitlab.com/ska-telescope/x?service=y", "query"),
        ("https://gitlab.com/ska-telescope/x#y", "query"),
        ("https://gitlab.com/ska-telescope/x%0a", "path"),
        ("https://gitlab.com:99999/ska-telescope/x", "port"),
        ("/srv/git/../secret", "`..`"),
        ("file:///srv/git/%2e%2e/secret", "`..`"),
        ("file://otherhost/srv/git/x", "three slashes"),
        ("/srv/git/x\n", "control"),
        ("/srv/git/x%0a\0", "control"),
        ("file:///srv/git/x%00", "control"),
        ("relative/path", "no URL"),
        ("../x", "no URL"),
        ("~/x", "no URL"),
        ("/", "root"),
        ("https://", "path"),
        ("https:///ska-telescope/x", "host"),
        ("x" * 1001, "characters"),
        ("\ud800", "control"),
    ],
)
def test_what_is_no_plain_repository_is_refused_whatever_is_allowed(text: str, words: str) -> None:
    with pytest.raises(RepositoryRefused, match=words) as refused:
        repository(text, "*")
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "https://gitlab.com/other/x",
        "https://gitlab.com/ska-telescope",
        "https://gitlab.com.evil.example/ska-telescope/x",
        "http://gitlab.com/ska-telescope/x",
        "https://gitlab.com:444/ska-telescope/x",
        "/srv/gitx/x",
        "/etc",
        "ssh://root@example.org/x",
        "git@github.com:other/x",
    ],
)
def test_what_no_glob_matches_is_refused_with_its_name_and_the_setting(url: str) -> None:
    with pytest.raises(RepositoryRefused, match="OET_GIT_ALLOW"):
        repository(url, ALLOW)
    assert repository(url, "*")


def test_nothing_is_allowed_by_default() -> None:
    with pytest.raises(RepositoryRefused, match="permits none"):
        repository("/srv/git/x", "")


def test_a_glob_for_ssh_urls_also_permits_the_short_form() -> None:
    assert is_allowed("git@example.org:group/x", "ssh://git@example.org/group/*")


@pytest.mark.parametrize(
    ("parent", "url", "whole"),
    [
        ("https://h/group/main", "../other", "https://h/group/other"),
        ("https://h/group/main", "./sub", "https://h/group/main/sub"),
        ("https://h/group/main", "../../else/x", "https://h/else/x"),
        ("file:///srv/git/main", "../other", "file:///srv/git/other"),
        ("git@h:group/main", "../other", "git@h:group/other"),
        ("https://h/x", "https://other/y", "https://other/y"),
    ],
)
def test_urls_of_submodules_are_meant_from_their_parent(parent: str, url: str, whole: str) -> None:
    assert relative_to(parent, url) == whole


def test_a_submodule_does_not_climb_over_the_host() -> None:
    with pytest.raises(RepositoryRefused):
        relative_to("https://h/x", "../../../y")


def test_credentials_are_blotted_out_of_texts() -> None:
    text = "fatal: https://anna:geheim@h/x, https://token@h, https://a@b.c:geheim@h/x and ssh://git@h/y; mail a@b.c"
    shown = "fatal: https://…@h/x, https://…@h, https://…@h/x and ssh://git@h/y; mail a@b.c"
    assert without_credentials(text) == shown
