"""What the keys of the reports mean that stages write, for docs/reference.md.

`<…>` stands for a name of the data, the modality or a column. A test compares with the reports.
"""

import re

REPORTS: dict[str, dict[str, str]] = {
    "ingest": {
        "examples": "examples in data/raw",
        "train, val, test": "of these, by split",
        "classes": "different labels, where labels are classes",
        "unreadable": "set aside since they cannot be used",
        "unlabelled": "wait in the pool, without a label",
        "unlabelled_unreadable": "of these, such as cannot be used",
        "opted_out": "left out since somebody opted out",
        "other_purpose": "left out since their purposes do not name that of the run",
        "other_split": "left out since the entry does not take their split",
        "out_of_split": "left out between two splits in time; absent if none",
        "known_later": "examples known only after their time (known_at); absent if none",
        "groups": "different groups, where there are any",
        "groups_in_several_splits": "of these, in more than one split, as where time decides",
        "without_group": "examples that are a group of their own, where others have one",
        "beside": "files and rows that are no examples",
        "beside_<kind>": "of these, by kind",
        "in_source": "everything that is there; the sum of the above",
        "with_<metadata>": "images that carried such metadata, which was removed",
    },
    "validation": {
        "success": "whether the run goes on",
        "examples": "rows that were looked at",
        "expectations": "how many could be judged",
        "failed_critical": "of these failed, and stop the run",
        "failed_warning": "of these failed, and are warnings",
        "quarantined": "examples set aside",
        "could_not_judge": "what had too little to be judged, with the reason; absent if nothing",
    },
    "labels": {
        "examples": "examples in data/clean",
        "duplicates": "exact copies that were removed",
        "leaks": "of these, copies of an example of another split",
        "near_duplicates": "examples that look like another one",
        "near_leaks": "of these, removed for one of another split",
        "label_issues": "suspected labels that nobody has decided on",
        "label_issues_in_test": "of these, in the test split, which is never touched",
        "sure_label_issues": "of these, such as clean.action acts on",
        "decisions": "people's decisions that were applied",
        "relabelled": "labels that were changed",
        "removed": "examples that were removed, for any reason",
        "estimated_noise_rate": "estimated share of wrong labels; absent if it cannot be told",
        "outliers": "examples unlike all others",
        "out_of_fold_accuracy": "how often models are right about labels that they have not seen; "
        "of numbers, the share of the variance that they explain",
        "guessing_accuracy": "the same of the best constant answer",
        "label_check_trusted": "whether suspected labels are acted on (docs/labels.md)",
        "suspects_wrong": "estimated share of the suspected that are wrong, where it is trusted",
        "could_not_judge": "what had too little to be judged, with the reason; absent if nothing",
        "annotators": "people whose labels came with the data; absent if there are none",
        "annotations": "labels that they gave",
        "agreement_alpha": "how far they agree beyond chance (Krippendorff's alpha)",
    },
    "training": {
        "best_epoch": "the one whose network is kept",
        "val_<figure>": "figures of it on the validation split; compare experiments by these",
        "epochs_run": "epochs until training ended",
        "left_out_<figure>": "mean over models that never saw one site (train.leave_out), there",
        "left_out_worst_<figure>": "the worst of these sites",
    },
    "export": {
        "precision": "of the graph: fp32 or int8",
        "examples": "validation examples on which graph and network were compared",
        "largest_change": "of a probability, or of a number in units of its spread",
        "agreement": "share of the answers that are the same",
        "val_<figure>": "of the graph on the validation split",
        "val_<figure>_network": "of the network",
        "model_bytes": "size of the graph",
    },
    "metrics, classes": {
        "accuracy": "share of test examples that are right",
        "accuracy_low, accuracy_high": "its 95 % interval (Wilson)",
        "loss": "mean cross entropy, in nats",
        "f1_macro": "mean of the classes' F1",
        "calibration_error": "mean distance of confidence and accuracy, in 15 bins",
        "calibration_error_scaled": "the same after temperature scaling",
        "temperature": "by which logits are divided for that, learnt on validation",
        "worst_class_accuracy, worst_class": "of the class with the least",
        "accuracy_without_leaked": "without test examples that train or val repeat",
        "accuracy_top5": "the right one is among five, of more than five classes",
        "auc": "area under the ROC curve; of several classes the mean of one against the rest",
        "average_precision": "area under precision and recall, likewise",
        "sensitivity": "at a specificity of 95 %, likewise",
        "brier": "mean squared error of the probabilities",
        "accuracy_corrupted": "mean over corruptions of test examples",
        "baseline": "the strongest baseline",
        "baseline_<figure>": "its figures",
        "against_baseline": "better, worse or not surely, by a paired test",
    },
    "metrics, ranking": {
        "ndcg_10": "NDCG at 10, mean over users, all items ranked",
        "ndcg_10_low, ndcg_10_high": "its 95 % interval, by the bootstrap over users",
        "recall_20": "share of what users took that is among their first 20",
        "coverage": "share of items that somebody's first ten have",
        "popularity_bias": "mean number of events of items in first tens, by that of items taken",
        "ndcg_10_<part>": "of cold and of known users and items",
        "baseline": "the strongest baseline",
        "baseline_<figure>": "its figures",
        "against_baseline": "better, worse or not surely, by a paired test",
    },
    "metrics, numbers": {
        "mae": "mean absolute error, in units of the target",
        "mae_low, mae_high": "its 95 % interval",
        "rmse": "root of the mean squared error",
        "r2": "share of the variance that is explained",
        "coverage": "share of test examples within their 90 % interval",
        "interval_width": "width of these intervals (split conformal)",
        "mae_without_leaked": "without test examples that train or val repeat",
        "mae_corrupted": "mean over corruptions of test examples",
        "baseline": "the strongest baseline",
        "baseline_<figure>": "its figures",
        "against_baseline": "better, worse or not surely, by a paired test",
    },
}
"""What each key of a report says, by file of reports/ (and target)."""


def is_known(report: str, key: str) -> bool:
    """Whether a key of a report, such as `labels` or `metrics, classes`, has a meaning here."""
    names = [name for names in REPORTS[report] for name in names.split(", ")]
    return any(re.fullmatch(_pattern(name), key) for name in names)


def _pattern(name: str) -> str:
    return re.sub(r"<.*?>", "[a-z0-9_]+", name)
