"""Drawn parts: the same seed is the same part, a defect changes its box and nothing else, the optics show."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from vision.drawn import (
    CLASSES,
    PRODUCTS,
    REFERENCE_PATCH,
    UNSEEN,
    Drawn,
    Optics,
    defects_of,
    draw,
    draw_random,
    encode,
    golden,
)

SMALL = (320, 240)
DAMAGES = [(product, defect) for product in PRODUCTS for defect in defects_of(product)]


def grey(drawn: Drawn) -> np.ndarray:
    return np.asarray(drawn.image.convert("L"), dtype=np.float32)


def difference(one: Drawn, other: Drawn) -> np.ndarray:
    pixels = [np.asarray(drawn.image, dtype=np.int16) for drawn in (one, other)]
    return np.abs(pixels[0] - pixels[1]).max(axis=2)


def inside(boxes, shape, margin=0) -> np.ndarray:
    mask = np.zeros(shape, bool)
    for x, y, width, height in boxes:
        mask[max(y - margin, 0) : y + height + margin, max(x - margin, 0) : x + width + margin] = True
    return mask


def laplacian_variance(drawn: Drawn) -> float:
    y = grey(drawn)
    return float((y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:] - 4 * y[1:-1, 1:-1]).var())


def upper_edge(drawn: Drawn, column: int) -> int:
    """Row of the bright metal above the glass."""
    y = grey(drawn)
    return int(y[: y.shape[0] // 2, column - 2 : column + 3].mean(axis=1).argmax())


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_seed_is_a_part(product):
    once, again = (draw(7, product=product, size=SMALL) for _ in range(2))
    assert encode(once) == encode(again)
    assert encode(draw(8, product=product, size=SMALL)) != encode(once)


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_good_part_has_nothing_to_box(product):
    good = draw(3, product=product, size=SMALL)
    assert (good.label, good.defect_type, good.boxes, good.visibility) == ("ok", None, [], None)


@pytest.mark.parametrize(("product", "defect"), DAMAGES)
def test_a_defect_changes_its_box_and_leaves_the_rest_of_the_part_alone(product, defect):
    for seed in (11, 12, 13):
        good = draw(seed, product=product)
        bad = draw(seed, product=product, defect=defect, visibility=0.6)
        assert (bad.label, bad.defect_type, bad.visibility) == ("defect", defect, 0.6)
        changed = difference(good, bad)
        assert len(bad.boxes) == 1
        assert changed[inside(bad.boxes, changed.shape)].max() >= 12
        assert changed[~inside(bad.boxes, changed.shape, margin=3)].max() <= 2


@pytest.mark.parametrize(("product", "defect"), DAMAGES)
@pytest.mark.parametrize("size", [(64, 48), (300, 400)])
def test_boxes_lie_in_the_picture_whatever_its_size(product, defect, size):
    for seed in range(3):
        drawn = draw(seed, product=product, defect=defect, visibility=0.9, size=size)
        assert drawn.image.size == size
        for x, y, width, height in drawn.boxes:
            assert 0 <= x < x + width <= size[0]
            assert 0 <= y < y + height <= size[1]


def test_a_large_picture_shows_the_same_part_and_the_same_defect():
    small, large = (draw(5, defect="crack", visibility=0.8, size=size) for size in ((640, 480), (1280, 960)))
    shrunk = np.asarray(large.image.convert("L").resize((640, 480), Image.Resampling.BOX), dtype=np.float32)
    assert np.corrcoef(grey(small).ravel(), shrunk.ravel())[0, 1] > 0.97


@pytest.mark.parametrize(("product", "defect"), DAMAGES)
def test_visibility_grades_a_defect_from_hardly_to_plainly_there(product, defect):
    seen = []
    for visibility in (0.0, 0.3, 1.0):
        strongest = [
            difference(
                draw(seed, product=product, optics=Optics(noise=0.0)),
                draw(seed, product=product, defect=defect, visibility=visibility, optics=Optics(noise=0.0)),
            ).max()
            for seed in (21, 22)
        ]
        seen.append(np.mean(strongest))
    nearly_nothing, findable, plain = seen
    assert nearly_nothing <= 10 <= findable < plain


def test_a_dark_lamp_takes_the_share_it_says():
    for product in PRODUCTS:
        bright, dark = (np.percentile(grey(draw(2, product=product, optics=Optics(light=at))), 99) for at in (1.0, 0.6))
        assert dark / bright == pytest.approx(0.6, abs=0.03)


def test_lost_focus_flattens_the_picture_step_by_step():
    for product in PRODUCTS:
        sharp = [laplacian_variance(draw(4, product=product, optics=Optics(focus=f, noise=0.2))) for f in (1, 0.9, 0.6)]
        assert sharp[0] > 1.5 * sharp[1] > 1.5 * sharp[2]


def test_a_tired_sensor_is_noisier_and_no_brighter():
    calm, noisy = (grey(draw(6, optics=Optics(noise=noise)))[:40, :200] for noise in (1.0, 4.0))
    assert noisy.std() > 1.7 * calm.std()
    assert noisy.mean() == pytest.approx(calm.mean(), abs=1)


def test_warm_light_moves_red_against_blue():
    red, _, blue = np.asarray(draw(6, optics=Optics(tint=1.0)).image, dtype=float).mean(axis=(0, 1))
    plain_red, _, plain_blue = np.asarray(draw(6).image, dtype=float).mean(axis=(0, 1))
    assert red / blue > 1.25 * plain_red / plain_blue


def test_zoom_and_tilt_change_the_view():
    straight, small, turned = (draw(9, optics=view) for view in (Optics(), Optics(zoom=0.8), Optics(tilt=5.0)))
    assert 240 - upper_edge(small, 400) == pytest.approx(0.8 * (240 - upper_edge(straight, 400)), abs=3)
    drop = [upper_edge(view, 500) - upper_edge(view, 200) for view in (straight, turned)]
    assert drop[1] - drop[0] == pytest.approx(300 * np.tan(np.radians(5)), abs=4)


@pytest.mark.parametrize("product", PRODUCTS)
def test_good_parts_carry_dirt_that_looks_like_damage(product):
    marked = []
    for seed in range(12):
        dirty, clean = (draw(seed, product=product, optics=o) for o in (Optics(), Optics(dust=0.0, oil=0.0)))
        marked.append(int((difference(dirty, clean) > 8).sum()))
    assert sum(count > 30 for count in marked) >= 8


def test_less_dust_and_oil_make_a_cleaner_part():
    clean = draw(1, optics=Optics(dust=0.0, oil=0.0))
    few, usual, many = (
        int((difference(draw(1, optics=Optics(dust=amount, oil=amount)), clean) > 8).sum())
        for amount in (0.2, 1.0, 5.0)
    )
    assert few < usual < many


def test_a_line_makes_defects_at_its_rate_and_never_the_unseen_kind():
    drawn = [draw_random(seed, defect_rate=0.5, size=(32, 24)) for seed in range(200)]
    kinds = {part.defect_type for part in drawn if part.label == "defect"}
    assert 0.4 < np.mean([part.label == "defect" for part in drawn]) < 0.6
    assert kinds == set(defects_of("glass")) - {UNSEEN}
    assert 0.3 < np.mean([part.visibility for part in drawn if part.visibility is not None]) < 0.8


def test_no_defects_are_made_at_rate_zero():
    assert all(draw_random(seed, defect_rate=0.0, size=(32, 24)).label == "ok" for seed in range(20))


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_can_be_drawn_has_a_class_and_the_unseen_kind_has_none(product):
    classes = CLASSES[product]
    codes = [row.code for row in classes]
    assert set(defects_of(product)) - {UNSEEN} == set(codes) - {"other"}
    assert UNSEEN in defects_of(product)
    assert UNSEEN not in codes
    assert len({row.key for row in classes}) == len(classes)
    assert {row.risk for row in classes} <= {"critical", "major", "cosmetic"}
    assert all(row.name_ko and row.name_ko != row.name for row in classes)


def test_the_golden_reference_is_one_clean_picture_a_product():
    pictures = [encode(golden(product, size=SMALL)) for product in PRODUCTS]
    assert pictures == [encode(golden(product, size=SMALL)) for product in PRODUCTS]
    assert len(set(pictures)) == len(PRODUCTS)


def test_a_station_sends_jpeg_that_tells_nothing_but_the_picture():
    drawn = draw(1, size=SMALL)
    sent = Image.open(BytesIO(encode(drawn)))
    assert (sent.format, sent.size, dict(sent.getexif())) == ("JPEG", SMALL, {})
    assert len(encode(drawn, quality=60)) < len(encode(drawn, quality=95))


def test_the_same_corner_shows_the_mat_on_every_part():
    for product in PRODUCTS:
        width, height = round(640 * REFERENCE_PATCH[2]), round(480 * REFERENCE_PATCH[3])
        corner = [grey(draw(seed, product=product))[:height, :width].mean() for seed in range(8)]
        assert np.std(corner) < 0.05 * np.mean(corner)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"product": "watch"}, "product is 'watch', use one of glass, lens, frame, back."),
        ({"defect": "dent"}, "defect is 'dent', glass can have scratch, chip, crack, stain, hairline-web."),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw(0, **arguments)


@pytest.mark.parametrize("wrong", [{"light": -0.1}, {"focus": 1.2}, {"zoom": 0.0}, {"dust": -1.0}])
def test_impossible_optics_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Optics(**wrong)
