"""Data sets to learn from: what they hold, what they leave out and why, and that they never change."""

import io
from collections import defaultdict
from dataclasses import asdict

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from PIL import Image

from inspection import images
from inspection.models import Measures
from inspection.rules.words import Label, TruthSource
from review import bank, snapshots
from review.models import Snapshot, SnapshotImage
from review.rules.manifests import Entry, LeftOut, hash_of
from tests.builders import NOON, make_line, make_user
from tests.inspection.items import DARK, make_item, picture
from tests.review.scene import make_task, read
from tests.review.training_scene import make_labelled, state
from vision.embedding import embed, packed
from vision.measures import fingerprint, measure

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def line():
    return make_line(truth_share=0.0)


def take(line, query="", by=None):
    return snapshots.take(line, query=query, by=by, now=NOON)


def test_a_snapshot_keeps_hash_label_and_group_of_each_image_and_vouches_for_all(line):
    items = make_labelled(line, 8)
    snapshot = take(line)
    member = snapshot.members.get(item=items[1])
    assert (member.sha256, member.label, member.defect_class) == (items[1].sha256, "defect", "scratch")
    assert member.group == bank.group_of(str(items[1].run.part_id))
    assert (snapshot.images, snapshot.defects) == (8, 4)
    assert snapshot.sha256 == hash_of(snapshots.entry_of(one) for one in snapshot.members.all())
    assert snapshots.is_whole(snapshot)


def test_images_of_one_part_stand_on_one_side(line):
    line.views = ["front", "back"]
    line.save()
    for n in range(12):
        for view in line.views:
            label = Label.DEFECT if n % 2 else Label.PASS
            state(make_item(line, serial=f"P-{n}", view=view, seed=100 * n + len(view)), label)
    sides = defaultdict(set)
    for group, split in take(line).members.values_list("group", "split"):
        sides[group].add(split)
    assert len(sides) == 12
    assert all(len(splits) == 1 for splits in sides.values())
    assert set.union(*sides.values()) == {"train", "val", "test"}


def look_at(item):
    """Keep what the prediction service would of the picture."""
    with images.local_path(item.sha256) as path:
        pixels = np.asarray(Image.open(path).convert("RGB"))
    Measures.objects.create(
        item=item,
        fingerprint=f"{fingerprint(pixels):016x}",
        embedding=packed(embed(pixels)),
        **asdict(measure(pixels, size_bytes=item.size_bytes)),
    )


def test_parts_that_show_nearly_the_same_picture_stand_on_one_side(line):
    items = make_labelled(line, 8)
    again = make_item(line, serial="P-again", body=written_anew(picture(DARK, seed=4)))
    once_more = make_item(line, serial="P-once-more", body=written_anew(picture(DARK, seed=4), quality=40))
    for item in (again, once_more):
        state(item, Label.PASS)
    for item in (*items, again, once_more):
        look_at(item)

    members = {member.item_id: member for member in take(line).members.all()}

    alike = [members[item.pk] for item in (items[4], again, once_more)]
    assert len({member.group for member in alike}) == len({member.split for member in alike}) == 1
    assert len({member.group for member in members.values()}) == 8


def written_anew(body, *, quality=70):
    written = io.BytesIO()
    Image.open(io.BytesIO(body)).save(written, "JPEG", quality=quality)
    return written.getvalue()


def draw_for_truth(item):
    type(item.run).objects.filter(pk=item.run_id).update(drawn_truth=True)


def challenge(item):
    type(item.run.part).objects.filter(pk=item.run.part_id).update(is_challenge=True)


def put_into_bank(item):
    bank.add(
        item.line, serial=item.run.part.serial, view="front", defect_class="scratch", mark="1", found_by="microscope",
        by=make_user("quinn"), now=NOON,
    )  # fmt: skip


def leave_to_one_voice(item):
    state(item, Label.DEFECT, source=TruthSource.SINGLE)


def leave_undecided(item):
    state(item, Label.CANNOT_JUDGE)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (draw_for_truth, LeftOut.TRUTH_DRAW),
        (challenge, LeftOut.CHALLENGE),
        (put_into_bank, LeftOut.BANK),
        (leave_to_one_voice, LeftOut.ONE_VOICE),
        (leave_undecided, LeftOut.UNDECIDED),
    ],
)
def test_what_may_not_be_learned_from_is_left_out_and_counted_by_reason(line, spoil, reason):
    items = make_labelled(line, 6)
    spoil(items[1])
    snapshot = take(line)
    assert not snapshot.members.filter(item=items[1]).exists()
    assert (snapshot.images, snapshot.left_out) == (5, {reason.value: 1})


def test_the_same_picture_under_two_serials_is_learned_from_once(line):
    make_labelled(line, 4)
    first = make_item(line, serial="TWIN-1", seed=77)
    for item in (first, make_item(line, serial="TWIN-2", seed=77)):
        state(item, Label.PASS)
    assert take(line).left_out == {LeftOut.COPY.value: 1}


def test_a_search_of_the_data_page_narrows_what_is_taken(line, ana):
    make_labelled(line, 4)
    task = make_task(line, "S-1", call=None)
    read(task, ana, Label.DEFECT)
    state(task.item, Label.DEFECT)
    assert [one.item_id for one in take(line, "serial:S-1").members.all()] == [task.item_id]
    assert take(line).images == 5


def test_nothing_to_learn_says_why(line):
    item = make_labelled(line, 1)[0]
    draw_for_truth(item)
    with pytest.raises(snapshots.NothingToLearn) as refused:
        take(line)
    assert refused.value.left_out == {LeftOut.TRUTH_DRAW: 1}


def test_the_same_labels_again_are_the_same_snapshot_and_a_changed_one_is_the_next(line):
    items = make_labelled(line, 6)
    first = take(line)
    assert take(line) == first
    state(items[0], Label.DEFECT)
    second = take(line)
    assert (first.number, second.number) == (1, 2)
    assert first.sha256 != second.sha256


@pytest.mark.parametrize("model", [Snapshot, SnapshotImage])
def test_the_database_refuses_to_change_a_snapshot(line, model):
    make_labelled(line, 4)
    take(line)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(sha256="0" * 64)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.first().delete()


def test_a_hash_changes_with_every_field():
    entry = Entry("aa", "g", "defect", "scratch", "train")
    others = [
        Entry("ab", "g", "defect", "scratch", "train"),
        Entry("aa", "h", "defect", "scratch", "train"),
        Entry("aa", "g", "pass", "", "train"),
        Entry("aa", "g", "defect", "crack", "train"),
        Entry("aa", "g", "defect", "scratch", "test"),
    ]
    assert len({hash_of([one]) for one in (entry, *others)}) == 6


# Pages ----------------------------------------------------------------------------------------------------------


def test_a_lead_takes_a_snapshot_from_the_data_page_and_reads_what_it_holds(client, line, quinn):
    items = make_labelled(line, 6)
    draw_for_truth(items[0])
    client.force_login(quinn)
    answer = client.post(reverse("training-take", args=[line.slug]), {"query": ""})
    assert answer.status_code == 302
    html = client.get(answer.url).content.decode()
    snapshot = Snapshot.objects.get()
    assert snapshot.taken_by == quinn
    for words in (snapshot.sha256, "truth draw: the sealed archive measures models", "matches its images", "P-1"):
        assert words in html
    assert "P-0<" not in html


def test_the_manifest_is_a_file(client, line, quinn):
    make_labelled(line, 4)
    client.force_login(quinn)
    answer = client.get(reverse("training-snapshot-rows", args=[line.slug, take(line).number]))
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0].endswith('"sha256","group","label","defect_class","split","serial"')
    assert len(lines) == 5


def test_a_selection_without_anything_to_learn_is_refused_with_the_reasons(client, line, quinn):
    leave_to_one_voice(make_item(line))
    client.force_login(quinn)
    answer = client.post(reverse("training-take", args=[line.slug]), {"query": ""})
    assert answer.status_code == 422
    assert "one person&#x27;s word alone (1)" in answer.content.decode()


def test_inspectors_and_strangers_find_no_training_page(client, line, ana, oscar):
    make_labelled(line, 4)
    snapshot = take(line)
    for person in (ana, oscar):
        client.force_login(person)
        for address in (reverse("training", args=[line.slug]), reverse("training-snapshot", args=[line.slug, 1])):
            assert client.get(address).status_code == 404
    assert snapshot.number == 1
