"""The sentence that a page says about a gate, held against the gate itself on invented evidence."""

import re
from dataclasses import replace

import pytest
from django.utils import translation
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inspection.rules.ladder import GATES, Condition, judge
from inspection.rules.words import Level
from review import sentences
from tests.inspection.test_ladder import FULL, GOOD, POLICY

CASES = 50
# Good evidence of each rung, and the streams that its gate reads.
RUNGS = {Level.ASSIST: GOOD, Level.PARTIAL: POLICY, Level.FULL: FULL}


def counted(most):
    return st.tuples(st.integers(0, most), st.integers(0, most // 20))


@st.composite
def judgements(draw):
    """Judge a rung on its good evidence with other counts, and sometimes with a condition amiss."""
    level = draw(st.sampled_from(list(RUNGS)))
    streams = {name: draw(counted(2000)) for name in RUNGS[level].streams}
    evidence = replace(RUNGS[level], streams=streams, holds=draw(st.integers(0, 1)))
    if level != Level.ASSIST and draw(st.booleans()):
        evidence = replace(evidence, bank=draw(counted(600)))
    return level, evidence, judge(GATES[level], evidence)


def numbers(sentence):
    """Return "391 of 404", "113 more" and the like as numbers, without the share and the bounds."""
    found = re.search(r"([\d,]+) of ([\d,]+) (?:parts agree|defects found|found)", sentence)
    return tuple(int(number.replace(",", "")) for number in found.groups())


def still_needed(sentence):
    return int(re.search(r"([\d,]+) more (?:without a miss|parts without an error)", sentence)[1].replace(",", ""))


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition(name="quiet_days", counted=0.110535, needed=14, passed=False), "quiet for 0.1 days, 14 needed"),
        (Condition(name="quiet_days", counted=13.98, needed=14, passed=False), "quiet for 13.9 days, 14 needed"),
        (Condition(name="chart", counted=9.72288, needed=4.0, passed=False), "stands at 9.7 and warns at 4."),
        (Condition(name="parts", counted=1234, needed=20_000, passed=False), "1,234 blind parts, 20,000 needed"),
        (Condition(name="harm", counted=None, needed=0.05, passed=False), "is not known yet; at most 5\u00a0% may be"),
        (Condition(name="harm", counted=0.0812, needed=0.05, passed=False), "up to 8.1\u00a0% more often"),
        (Condition(name="accuracy", counted=None, needed=0.97, passed=False), "no two-phase estimate of accuracy yet"),
        (Condition(name="accuracy", counted=0.95678, needed=0.97, passed=False), "accuracy is 95.7\u00a0%, above 97"),
    ],
)
def test_numbers_are_told_as_people_say_them_and_unknown_as_unknown(condition, said):
    assert said in sentences.condition_sentence(condition)


@settings(max_examples=CASES)
@given(judgements())
def test_a_verdict_is_ready_where_the_gate_is_open_and_nowhere_else(judged):
    level, _, judgement = judged
    sentence = sentences.verdict(judgement, level)
    assert sentence.startswith("Ready:" if judgement.is_open else "Not yet:")
    with translation.override("ko"):
        assert sentences.verdict(judgement, level).startswith("준비됨" if judgement.is_open else "아직")


@settings(max_examples=CASES)
@given(judgements())
def test_a_verdict_counts_what_the_gate_counted(judged):
    level, _, judgement = judged
    short = [check for check in judgement.checks if not check.passed]
    assume(short or judgement.is_open)
    told = (short or judgement.checks)[0]
    assume(told.successes + told.failures)
    assert numbers(sentences.verdict(judgement, level)) == (told.successes, told.successes + told.failures)


@settings(max_examples=CASES)
@given(judgements())
def test_with_as_many_more_as_a_verdict_says_the_check_is_met_and_with_one_fewer_it_is_not(judged):
    level, evidence, judgement = judged
    place, short = next(((n, one) for n, one in enumerate(judgement.checks) if not one.passed), (0, None))
    assume(short is not None)
    more = still_needed(sentences.stream_sentence(short))

    def met(added):
        s, f = short.successes + added, short.failures
        fuller = {"bank": (s, f)} if short.route == "bank" else {"streams": {**evidence.streams, short.stream: (s, f)}}
        return judge(GATES[level], replace(evidence, **fuller)).checks[place].passed

    assert met(more)
    assert not met(more - 1)


@settings(max_examples=CASES)
@given(judgements())
def test_everything_that_keeps_a_gate_shut_is_said(judged):
    _, _, judgement = judged
    said = sentences.reasons(judgement)
    assert (len(said), not said) == (len(judgement.failing), judgement.is_open)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_of_a_line_without_any_count_no_share_is_said(language):
    empty = replace(GOOD, streams={}, natural=(0, 0))
    with translation.override(language):
        assert "%" not in sentences.verdict(judge(GATES[Level.ASSIST], empty), Level.ASSIST)


RISEN = replace(POLICY, streams={}, bank=(0, 0), classes={}, bands_certified=False, has_calendar=False, clean_shifts=0)


@pytest.mark.parametrize(
    ("done", "english", "korean"),
    [
        ({}, "Not yet: first certify bands", "아직 아닙니다: 먼저 구간을 인증하십시오"),
        (
            {"bands_certified": True},
            "Not yet: first set the calendar of challenge parts.",
            "아직 아닙니다: 먼저 챌린지 부품 일정을 정하십시오.",
        ),
    ],
)
def test_a_line_that_has_just_risen_hears_which_deed_comes_first(done, english, korean):
    judgement = judge(GATES[Level.PARTIAL], replace(RISEN, **done))
    assert sentences.verdict(judgement, Level.PARTIAL).startswith(english)
    with translation.override("ko"):
        assert sentences.verdict(judgement, Level.PARTIAL).startswith(korean)


def test_where_parts_are_counted_nobody_reads_that_nothing_is():
    judgement = judge(GATES[Level.PARTIAL], replace(RISEN, bands_certified=True, has_calendar=True))
    said = sentences.verdict(judgement, Level.PARTIAL)
    assert said.startswith("Not yet:")
    assert f"of {len(judgement.every)} checks toward partial are met" in said


def test_a_line_without_parts_hears_that_first():
    bare = replace(RISEN, parts=0, defects=0, natural=(0, 0), days=0, shifts=0, people=0)
    said = sentences.verdict(judge(GATES[Level.PARTIAL], bare), Level.PARTIAL)
    assert said == "Not yet: nothing is counted toward partial so far."
