"""Names of folders tell splits and parts of a dataset from labels."""

import pytest

from pipeline.ingest.sources.kinds.folders.names import is_without_labels, part_like


@pytest.mark.parametrize(
    ("names", "like"),
    [
        ("seg_train seg_test seg_pred", "seg_train seg_test seg_pred"),
        ("chest_xray train val test", "train val test"),
        ("Training Testing", "Training Testing"),
        ("train_images test_images", "train_images test_images"),
        ("trainset TestData", "trainset TestData"),
        ("images_part_1 images_part_2", "images_part_1 images_part_2"),
        ("fold1 fold2 fold3", "fold1 fold2 fold3"),
        ("asl_alphabet_train asl_alphabet_test", "asl_alphabet_train asl_alphabet_test"),
        ("images masks", "images masks"),
        ("bus train", "train"),
        ("train train_station", "train"),
        ("part_a part_b", ""),
        ("trains buses", ""),
        ("data_cat data_dog", ""),
        ("0 1", ""),
        ("猫 犬", ""),
    ],
)
def test_names_of_splits_and_parts(names, like):
    assert part_like(names.split()) == like.split()


def test_names_of_folders_without_labels():
    names = ["unlabelled", "Unlabeled", "no_label", "no-labels", "unsup", "unlabeled_2", "Unsorted"]
    assert all(map(is_without_labels, names))
    assert not any(map(is_without_labels, ["unknown", "labelled", "other", "1"]))
