"""A search with its workers on a cluster (`make test-cluster`): one study on Slurm and one on Ray, both for real.

Slurm is Debian's, on this one machine, with a configuration and a key of the test's own; Ray is a cluster of one node.
Both end by the ids of what was started.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from harness import Project, environment

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("classification")]
TRIALS = 16
SLURM = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge.socket
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES State=UP
"""


@contextmanager
def daemon(log: Path, *command: str | Path, environ: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs meanwhile; it and what it has started end with the block."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environ, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]


def wait_until(answers: Sequence[str | Path], contain: str, environ: dict[str, str], logs: Path) -> None:
    """Wait for a command to print something; if it never does, show what the daemons wrote."""
    for _ in range(60):
        done = subprocess.run(answers, env=environ, capture_output=True, text=True, check=False)
        if contain in done.stdout:
            return
        time.sleep(0.5)
    written = "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in sorted(logs.glob("*.log")))
    raise AssertionError(f"{answers} never printed {contain!r}\n{done.stdout}{done.stderr}\n{written}")


@pytest.fixture(scope="module")
def slurm() -> Iterator[dict[str, str]]:
    """A Slurm of one node; yields the variables that its commands need."""
    path = os.pathsep.join([environment()["PATH"], "/usr/sbin", "/usr/bin"])
    missing = [name for name in ("munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(name, path=path)]
    assert not missing, f"{' '.join(missing)} missing: install slurm-wlm and munge first (packages of Debian)"
    assert os.geteuid() == 0, "slurmd starts its jobs as root only: run these tests as root, in a container say"
    host = socket.gethostname().split(".")[0]
    with TemporaryDirectory(prefix="slurm") as name, ExitStack() as stack:
        folder = Path(name)  # a short one: the path of a socket may have no more than 107 characters
        for part in ("state", "spool"):
            (folder / part).mkdir()
        (folder / "key").write_bytes(os.urandom(1024))
        (folder / "key").chmod(0o400)
        (folder / "slurm.conf").write_text(
            SLURM.format(folder=folder, host=host, user="root", ports=free_ports(2), cores=os.cpu_count())
        )
        environ = environment() | {"PATH": path, "SLURM_CONF": str(folder / "slurm.conf")}
        files = [f"--{of}={folder}/munge.{of.split('-')[0]}" for of in ("socket", "pid-file", "seed-file")]
        munged = ["munged", "--foreground", "--force", f"--key-file={folder}/key", *files]
        for command in (munged, ["slurmctld", "-D"], ["slurmd", "-D", "-N", host]):
            log = folder / f"{command[0]}-out.log"
            stack.enter_context(daemon(log, str(shutil.which(command[0], path=path)), *command[1:], environ=environ))
            if command is munged:
                wait_until(["ls", folder], "munge.socket", environ, folder)
        wait_until(["sinfo", "--noheader", "--format=%T"], "idle", environ, folder)
        yield {"PATH": path, "SLURM_CONF": environ["SLURM_CONF"]}


@contextmanager
def ray(project: Project) -> Iterator[int]:
    """A Ray cluster of one node, in the environment of the project; yields its port."""
    project.run("uv", "sync", "--quiet", "--inexact", "--group", "ray")
    program = Path(environment()["UV_PROJECT_ENVIRONMENT"]) / "bin/ray"
    environ = environment() | {"PYTHONPATH": str(project.path / "src"), "RAY_USAGE_STATS_ENABLED": "0"}
    (port,) = free_ports(1)
    with TemporaryDirectory(prefix="ray") as name:
        folder = Path(name)
        start = ["start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}"]
        start += [f"--temp-dir={folder}", "--num-cpus=2", "--include-dashboard=false", "--disable-usage-stats"]
        with daemon(folder / "ray.log", program, *start, environ=environ):
            wait_until(["cat", folder / "ray.log"], "Ray runtime started", environ, folder)
            yield port


# Large enough that the second worker is there before the first has done everything.
SETTINGS = f"search.name=shared search.trials={TRIALS} search.sample=20000"
JOURNAL = """
import json, optuna, sys
from optuna.storages.journal import JournalFileBackend
storage = optuna.storages.JournalStorage(JournalFileBackend(sys.argv[1]))
(name,) = [of.study_name for of in storage.get_all_studies()]
trials = optuna.load_study(study_name=name, storage=storage).trials
times = [[of.datetime_start.timestamp(), of.datetime_complete.timestamp()] for of in trials]
print(json.dumps([[of.state.name, of.user_attrs["worker"], *span] for of, span in zip(trials, times)]))
"""


def search(project: Project, launcher: str, **extra: str) -> str:
    """Search with two workers; what was printed, on both channels."""
    begun = time.monotonic()
    done = project.run("make", "tune", "WORKERS=2", f"ARGS={SETTINGS} {launcher}", check=True, **extra)
    print(f"{launcher}: {TRIALS} trials in {time.monotonic() - begun:.0f} s\n{done.stdout}")
    return done.stdout + done.stderr


def assert_two_workers_shared_one_study(project: Project) -> None:
    """The journal holds all trials, done by two workers, and at times by both at once."""
    journal = "outputs/search/shared/journal.log"
    trials = json.loads(project.run("uv", "run", "--no-sync", "python", "-c", JOURNAL, journal).stdout)
    assert len(trials) == TRIALS
    assert {state for state, *_ in trials} <= {"COMPLETE", "PRUNED"}
    spans: dict[str, list[tuple[float, float]]] = {}
    for _, worker, begun, ended in trials:
        spans.setdefault(worker, []).append((begun, ended))
    assert len(spans) == 2
    one, other = spans.values()
    assert any(a < d and c < b for a, b in one for c, d in other)
    assert (project.path / "conf/experiment/shared.yaml").exists()


def test_slurm_runs_the_workers_of_a_search(mine: Project, slurm: dict[str, str]) -> None:
    search(mine, "hydra/launcher=submitit_slurm hydra.launcher.timeout_min=10", **slurm)
    assert_two_workers_shared_one_study(mine)
    jobs = mine.run("scontrol", "--oneliner", "show", "jobs", check=True, **slurm).stdout.splitlines()
    assert len(jobs) == 2
    assert all("JobState=COMPLETED" in job for job in jobs)


def test_ray_runs_the_workers_of_a_search(mine: Project) -> None:
    with ray(mine) as port:
        # The launcher names a size of its own, which Ray takes only for a cluster that it starts itself.
        there = f"hydra.launcher.ray.init.address=127.0.0.1:{port} +hydra.launcher.ray.init.object_store_memory=null"
        printed = search(mine, f"hydra/launcher=ray {there}")
    connected = re.findall(r"Connecting to existing Ray cluster at address: \S+:(\d+)", printed)
    assert connected == [str(port)]
    assert_two_workers_shared_one_study(mine)
