"""The digest of the deciding code: what changes it and what does not."""

from __future__ import annotations

from alpr_assets.lifecycle.recognition.provenance import _normalised, digest

CODE = 'def f(x):\n    """Doc."""\n    return x + 1\n'


def test_comments_docstrings_and_layout_do_not_count():
    assert _normalised(CODE) == _normalised("# why\ndef f( x ):\n\n    return x+1  # so\n")


def test_figures_and_code_count():
    assert _normalised(CODE) != _normalised(CODE.replace("1", "2"))
    assert _normalised('A = "x"\n') != _normalised('A = "y"\n')


def test_each_module_has_its_own_digest():
    assert len({digest("ranking"), digest("decoding"), digest("ranking", "decoding")}) == 3
    assert digest("ranking") == digest("ranking")
