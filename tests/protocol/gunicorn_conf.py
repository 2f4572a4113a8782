"""How the protocol tests run gunicorn."""

control_socket_disable = True
accesslog = None


def post_worker_init(worker):
    from cti.ws.shutdown import post_worker_init as install

    install(worker)
    worker.log.info("worker-ready")


def worker_exit(_server, worker):
    worker.log.info("worker-exit")
