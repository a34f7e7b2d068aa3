def install(app):
    pass


def run_worker(app, workers=1):
    pass
