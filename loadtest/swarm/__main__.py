"""The load process that `Worker` starts: `python -m loadtest.swarm PIPE`."""

import sys
from multiprocessing.connection import Connection

import uvloop

from chatserver import collector
from loadtest.swarm import cores
from loadtest.swarm.worker import serve

if __name__ == "__main__":
    cores.raise_file_limit()
    collector.tune()
    uvloop.run(serve(Connection(int(sys.argv[1]))))
