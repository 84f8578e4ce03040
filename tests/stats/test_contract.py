"""Names, order and defaults of arguments, and the fields of every answer, as callers may rely on them."""

import importlib
import inspect

import pytest

SIGNATURES = {
    "stats.proportions": """
        clopper_pearson(k, n, alpha=0.05)
        cp_lower(k, n, delta)
        cp_upper(k, n, delta)
        wilson(k, n, z=1.959963984540054)
        newcombe(k1, n1, k2, n2, z=1.959963984540054)
        mcnemar_exact(b, c)
        n_per_arm(p1, p2, alpha=0.05, power=0.8)
    """,
    "stats.eprocess": """
        log_e_above(s, f, p0)
        log_e_below(s, f, p0)
        cs_lower(s, f, alpha=0.05)
        cs_upper(s, f, alpha=0.05)
        e_mean(es)
        e_bh(es, q=0.1)
        evidence_ratio(log_e, cap=10000.0)
        stream_passes(s, f, p0, alpha)
        items_to_pass(s, f, p0, alpha)
        items_for_failures(failures, p0, alpha)
        max_failures(n, p0, alpha)
        counts(outcomes, rule='open_as_failure')
        retry_alpha(alpha, attempt)
    """,
    "stats.agreement": """
        kappa(table)
        ac1(table)
        krippendorff_alpha(table)
        mcc(tp, fp, fn, tn)
        pabak(table)
        prevalence_index(table)
        bias_index(table)
        rates(table)
        class_escape(table)
    """,
    "stats.adjudication": """
        rogan_gladen(table, miss, false_alarm)
        two_phase(total, sampled, defective)
        two_phase_pessimistic(total, sampled, defective, delta=0.05)
        dawid_skene(labels, classes=2, tol=1e-10, max_iter=500)
        visible_detection(found, missed, passes, rechecked, overturned, delta=0.05)
    """,
    "stats.seeding": """
        distinct(groups, found, trained=())
        natural_verdict(s, f, p0, alpha=0.05, minimum=10)
        contradiction_power(rate, n, p0, alpha=0.05)
        detection_gate(bank, natural, p0, alpha=0.05, route='bank', minimum=10, leaked=False)
    """,
    "stats.policy": """
        decide(score, t_lo, t_hi, certified=True)
        rates(table)
        streams(table)
        class_status(risk_class, s, f, alpha=0.05)
    """,
    "stats.planning": """
        items_expected(rate, p0, alpha)
        defects_expected(rate, p0, alpha)
        plan(parts_per_day, defect_rate, truth_share=0.05, bank=0, archive=0, attempt=1, seeds_per_day=36, \
agreement=0.98, label_detection=0.95, policy_detection=0.99, full_detection=0.995, specificity=0.99, \
band_items=3000, adjudicate_s=20.0, targets=(0.95, 0.8, 0.95, 0.95, 0.97, 0.97))
    """,
    "stats.bands": """
        binom_p(k, n, risk)
        items_to_certify(risk, delta, safety=1.3)
        ltt_fixed_sequence(scores, errors, grid, risk, delta)
        ltt_learned_start(scores_a, y_a, scores_b, y_b, risk, delta, side='pass', grid=40, safety=1.3)
        defects_to_certify(miss, delta, misses=0)
        ltt_certified(scores_a, labels_a, scores_b, labels_b, defect_scores, risk=0.005, miss=0.05, delta=0.05, \
label_cut=0.5, grid=40, safety=1.3, lift=4.0, groups=None, group_miss=None)
    """,
    "stats.calibration": """
        platt(scores, y)
        temperature(logits, y)
        isotonic(scores, y)
        ece(p, y, bins=15, mass=True)
        brier(p, y)
    """,
    "stats.cusum": """
        step(w, bad, r0, r1)
        trace(bad, r0, r1)
        shiryaev_roberts(bad, r0, r1)
        design_r1(r0, k)
        arl(rate, r0, r1, h)
        escapes_before_alarm(arl, risk, rate)
        escape_target(prevalence, miss=0.05, auto_pass=1.0)
        design(r0, ratio=4.0, arl_warn=10000.0, arl_demote=100000.0)
        misses_to_alarm(r0, r1, h)
        step_down(w, call, q0, q1)
        trace_down(calls, q0, q1)
        design_q1(q0, k)
        arl_down(rate, q0, q1, h)
        design_down(q0, ratio=4.0, arl0=1000000.0)
    """,
    "stats.switching": """
        levels(escapes, start='normal')
    """,
    "stats.canary": """
        theta0(share, rho=1.0)
        log_e_worse(fc, fi, share, rho=1.0)
        log_e_noninferior(fc, fi, share, rho)
        log_e_shift(fc, fi, share, rho=1.25)
        log_e_paired(worse, better)
    """,
    "stats.drift": """
        psi(ref, cur, bins=10, eps=0.0001)
        ks(ref, cur)
        w1(ref, cur, sd=1.0)
        block_threshold(blocks, window=500, floor=0.25, fallback=0.5)
        two_of_three(distances, threshold)
        cbpe_accuracy(p)
        cbpe_escape(p)
        bbse(joint, pred_rate)
    """,
    "stats.inspectors": """
        gage(hits, misses, false_alarms, correct_passes)
        effectiveness(correct, n, alpha=0.05)
        sdt(hits, misses, false_alarms, correct_passes)
        trend(hits, n, t)
        gold_rate(library, readings_per_day, wanted=0.02, work_days=22)
    """,
    "stats.sampling": """
        bucket(item_id, salt)
        chosen(item_id, salt, share)
        horvitz_thompson(y, audited, pi, total)
        ipw_log_wealth(z, r0, z_max, side)
    """,
    "bench.comparators": """
        sprt(p0, p1, alpha, beta)
        robbins_interval(s, f, alpha=0.05)
        hoeffding_bentkus_p(k, n, risk)
        sgr(scores, errors, risk, delta)
    """,
}
PROMISED = [
    (module, line.strip()) for module, lines in SIGNATURES.items() for line in lines.split("\n") if line.strip()
]

TABLE, HALF = [[90, 2], [3, 5]], ([i / 500 for i in range(500)], [0] * 500)
FIELDS = [
    ("proportions.clopper_pearson", (1, 9), "low high"),
    ("proportions.wilson", (1, 9), "low high"),
    ("proportions.newcombe", (1, 9, 2, 9), "diff low high"),
    ("eprocess.counts", ([True, None],), "s f"),
    ("agreement.kappa", (TABLE,), "agreement expected kappa se low high"),
    ("agreement.ac1", (TABLE,), "ac1 se"),
    ("agreement.rates", (TABLE,), "agreement escape overkill escape_ppm false_omission"),
    ("adjudication.rogan_gladen", (TABLE, 0.1, 0.01), "prevalence escape overkill clipped"),
    ("adjudication.two_phase", (TABLE, TABLE, TABLE), "prevalence escape escape_se overkill overkill_se"),
    ("adjudication.dawid_skene", ([[0, 1, 1], [0, 0, 0]],), "prior confusion posterior loglik"),
    ("adjudication.visible_detection", (9, 1, 90, 9, 1), "visible adjusted pessimistic"),
    ("seeding.distinct", (["a"], [1]), "s f repeats leaked refused"),
    ("seeding.detection_gate", ([9, 1], [9, 1], 0.95), "passed reason"),
    ("policy.rates", ([[9, 1], [2, 3], [1, 4]],), "detection specificity person auto_pass escape_ppm"),
    ("policy.streams", ([[9, 1], [2, 3], [1, 4]],), "detection_s detection_f specificity_s specificity_f"),
    ("policy.class_status", ("major", 9, 1), "status p0 needed"),
    ("bands.ltt_fixed_sequence", (*HALF, [0.5], 0.05, 0.05), "threshold trace refused"),
    ("bands.ltt_learned_start", (*HALF, *HALF, 0.05, 0.05), "threshold trace refused"),
    ("bands.ltt_certified", (*HALF, *HALF, []), "threshold reason trace risk_vacuous"),
    ("calibration.platt", ([1.0, 2.0, 3.0], [0, 1, 0]), "a b"),
    ("calibration.temperature", ([1.0, 2.0, -3.0], [0, 1, 0]), "t nll"),
    ("cusum.escape_target", (0.01,), "ppm r0"),
    ("cusum.design", (0.05,), "r1 k h_warn h_demote"),
    ("cusum.design_down", (0.3, 4.0, 100), "q1 k h silent"),
    ("drift.ks", ([1, 2], [1, 3]), "statistic p"),
    ("inspectors.gage", (9, 1, 1, 9), "effectiveness miss_rate false_alarm_rate"),
    ("inspectors.effectiveness", (9, 10), "value low high"),
    ("inspectors.sdt", (9, 1, 1, 9), "d c ln_beta se"),
    ("inspectors.trend", ([9, 8], [9, 9], [0, 1]), "z p"),
    ("inspectors.gold_rate", (200, 1500), "rate per_day library_needed"),
    ("sampling.horvitz_thompson", ([1], [1], [0.5], 9), "ht ht_se hajek hajek_se"),
]


@pytest.mark.parametrize(("module", "promise"), PROMISED, ids=[promise.partition("(")[0] for _, promise in PROMISED])
def test_arguments_keep_their_names_order_and_defaults(module, promise):
    name = promise.partition("(")[0]
    signature = inspect.signature(getattr(importlib.import_module(module), name))
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    assert f"{name}({', '.join(map(str, bare))})" == promise


@pytest.mark.parametrize(("function", "arguments", "fields"), FIELDS, ids=[case[0] for case in FIELDS])
def test_answers_keep_their_fields(function, arguments, fields):
    module, name = function.split(".")
    answer = getattr(importlib.import_module(f"stats.{module}"), name)(*arguments)
    assert " ".join(answer._fields) == fields


def test_a_row_of_the_plan_keeps_its_fields():
    row = importlib.import_module("stats.planning").plan(5_000, 0.005)[0]
    assert " ".join(row._fields) == (
        "rung days binding truth_items natural_defects bank_defects adjudications hours_per_day"
    )
