def recognises(files):
    return True


def open_source(entry, files, max_bytes, labels):
    raise NotImplementedError
