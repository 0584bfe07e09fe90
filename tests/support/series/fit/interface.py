def fit(index, tables, settings):
    return {"length": index["content"]["length"]}


def sums(inputs):
    return {"rows": [len(inputs["x"])]}


def finish(preparation, sums):
    return preparation | {"num_train": sums["rows"][0]}
