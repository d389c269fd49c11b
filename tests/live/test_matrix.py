# SPDX-License-Identifier: Apache-2.0
"""Which interpreters the other tests ran against."""


def test_debian_python_is_among_the_tested(found):
    assert not found.lacks_debian(), "Debian bookworm, but its python3.11 was not found: %s" % found.skipped


def test_what_is_skipped_has_a_reason(found):
    assert found.all
    assert all(why for _, why in found.skipped)
