"""A SLURM of two nodes with four pretend A100s each, on this machine: root, no systemd.

By hand: `python tests/slurm/cluster.py start FOLDER [--accounting]`, then `... stop FOLDER`.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NODES = ("n1", "n2")
GPUS_PER_NODE, CPUS_PER_NODE, MEMORY_PER_NODE_MB = 4, 64, 500_000
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol")
ACCOUNTING_PROGRAMS = ("slurmdbd", "sacct", "sacctmgr", "mariadbd", "mariadb-install-db", "mariadb-admin")
ETC = Path("/etc/slurm")
"""Where SLURM looks: Snakemake's executor takes SLURM_CONF away from its jobs, so that no other place would do."""
MARK = "# Written by dubaug's tests, which remove it again.\n"
SYSTEM_DIRS = "/usr/local/sbin:/usr/sbin:/sbin"
DATABASE_PIDS = ("slurmdbd.pid", "mariadb.pid")
ACCOUNT = "films"
"""The account of root, where there is accounting."""

CONFIGURATION = """\
ClusterName=dubaug
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=10
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
{accounting}
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory,CR_LLN
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=3600
KillWait=30
MessageTimeout=60
GresTypes=gpu
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} {node}
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} {node}
PartitionName=cpu Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=n1,n2 MaxTime=INFINITE State=UP
"""
NO_ACCOUNTING = "JobAcctGatherType=jobacct_gather/none\nAccountingStorageType=accounting_storage/none"
WITH_ACCOUNTING = """\
JobAcctGatherType=jobacct_gather/linux
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
AccountingStoragePass={folder}/munge/socket
AccountingStorageEnforce=associations
AccountingStoreFlags=job_comment"""
DATABASE_DAEMON = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={database_port}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_accounting
PidFile={folder}/slurmdbd.pid
LogFile={folder}/slurmdbd.log
"""
DATABASE_BEGINNING = """\
CREATE DATABASE IF NOT EXISTS slurm_accounting;
CREATE USER slurm@'127.0.0.1' IDENTIFIED BY 'slurm';
GRANT ALL ON slurm_accounting.* TO slurm@'127.0.0.1';
"""


def why_not(*, accounting: bool = False) -> str | None:
    """Return why no cluster can be started here, None if one can."""
    programs = {"slurm-wlm munge": PROGRAMS, "slurmdbd mariadb-server": ACCOUNTING_PROGRAMS if accounting else ()}
    for packages, names in programs.items():
        if missing := [name for name in names if _program(name) is None]:
            return f"{', '.join(missing)} not installed (Debian: apt-get install {packages})"
    if os.geteuid() != 0:
        return "starting slurmd takes root"
    configured = ETC / "slurm.conf"
    if not configured.exists():
        return None
    text = configured.read_text(encoding="utf-8")
    if not text.startswith(MARK):
        return f"{configured} is there: this machine has a SLURM of its own, which stays untouched"
    folder = next(Path(line.split("=", 1)[1]) for line in text.splitlines() if line.startswith("StateSave")).parent
    if Cluster(folder).runs:
        return f"the tests' cluster in {folder} runs already: python tests/slurm/cluster.py stop {folder}"
    return None


@dataclass(frozen=True)
class Cluster:
    """Daemons whose files are all in `folder`, besides two in /etc/slurm. The folder's path has to be short."""

    folder: Path
    accounting: bool = False
    """Whether there are slurmdbd and a database behind it, as on most real clusters."""

    @property
    def runs(self) -> bool:
        """Whether the cluster's slurmctld lives."""
        return bool(self._pids("slurmctld.pid"))

    def start(self) -> None:
        """Start munged, slurmctld and a slurmd a node, and wait until both nodes are idle.

        What an earlier start in the same folder left is ended first. Raises `RuntimeError` with what SLURM says.
        """
        self.stop()
        (self.folder / "munge").mkdir(parents=True)
        (self.folder / "state").mkdir()
        for node in NODES:
            (self.folder / f"spool-{node}").mkdir()
        self._configure()
        munge = self.folder / "munge"
        _run(
            "munged", "--force", f"--key-file={munge}/key", f"--socket={munge}/socket", f"--pid-file={munge}/pid",
            f"--log-file={munge}/log", f"--seed-file={munge}/seed",
        )  # fmt: skip
        if self.accounting:
            self._start_accounting()
        _run("slurmctld", "-c")
        for node in NODES:
            self.start_node(node)
        wait_until(lambda: all(self.node_state(node) == "IDLE" for node in NODES), "nodes that are idle", self.logs)

    def stop(self) -> None:
        """Cancel what runs, end the daemons, and remove every file of theirs."""
        if self.runs:
            subprocess.run(["scancel", "--user=root", "--full"], capture_output=True, timeout=120, check=False)
        for name in (*(f"slurmd-{node}.pid" for node in NODES), "slurmctld.pid", *DATABASE_PIDS, "munge/pid"):
            for pid in self._pids(name):
                _end(pid)
        for file in (ETC / "slurm.conf", ETC / "gres.conf", ETC / "slurmdbd.conf"):
            if file.is_file() and file.read_text(encoding="utf-8").startswith(MARK):
                file.unlink()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_node(self, node: str) -> None:
        """Start a node's slurmd. Its jobs have this process's niceness."""
        _run("slurmd", "-N", node)

    def cut_power(self, node: str) -> None:
        """Kill a node's slurmd and everything that its jobs started, at once and without a word to slurmctld."""
        doomed = self._pids(f"slurmd-{node}.pid")
        for job in self.jobs():
            if job.get("NodeList") == node and job["JobState"] == "RUNNING":
                doomed += job_processes(job["JobId"])
        for pid in doomed:
            _signal(pid, signal.SIGKILL)
        for pid in doomed:
            _wait_gone(pid)

    def give_up(self, node: str) -> None:
        """Have slurmctld take the node for down, as it would by itself after some minutes without a word from it."""
        _run("scontrol", "update", f"NodeName={node}", "State=down", "Reason=test")

    def node_state(self, node: str) -> str:
        """Return the node's state in capitals: IDLE, MIXED, DOWN ..."""
        shown = subprocess.run(
            ["scontrol", "show", "node", "--oneliner", node], capture_output=True, text=True, check=False
        )
        return _fields(shown.stdout).get("State", shown.stderr.strip())

    def jobs(self) -> list[dict[str, str]]:
        """Return what slurmctld knows of every job since the start, `scontrol show job`'s names as keys."""
        shown = _run("scontrol", "show", "job", "--details", "--oneliner")
        jobs = [_fields(line) for line in shown.splitlines() if line.startswith("JobId=")]
        return sorted(jobs, key=lambda job: int(job["JobId"]))

    def logs(self) -> str:
        """Return the ends of the daemons' logs, for a message."""
        logs = [*sorted(self.folder.glob("*.log")), self.folder / "munge/log"]
        return "\n".join(f"{log}:\n{log.read_text(errors='replace')[-2000:]}" for log in logs if log.is_file())

    def _configure(self) -> None:
        host = socket.gethostname().split(".")[0]
        node = f"CPUs={CPUS_PER_NODE} RealMemory={MEMORY_PER_NODE_MB} Gres=gpu:a100:{GPUS_PER_NODE} State=UNKNOWN"
        *ports, database_daemon, database = _free_ports(5)
        accounting = (
            WITH_ACCOUNTING.format(port=database_daemon, folder=self.folder) if self.accounting else NO_ACCOUNTING
        )
        text = CONFIGURATION.format(host=host, folder=self.folder, ports=ports, node=node, accounting=accounting)
        ETC.mkdir(exist_ok=True)
        if self.accounting:
            daemon = ETC / "slurmdbd.conf"
            daemon.touch(mode=0o600)
            filled = DATABASE_DAEMON.format(folder=self.folder, host=host, port=database_daemon, database_port=database)
            daemon.write_text(MARK + filled, encoding="utf-8")
            (self.folder / "database.port").write_text(str(database))
        (ETC / "slurm.conf").write_text(MARK + text, encoding="utf-8")
        # GPUs without files count as none, and the files have to be character devices: any will do.
        files = ("null", "zero", "full", "random")[:GPUS_PER_NODE]
        lines = [f"NodeName={node} Name=gpu Type=a100 File=/dev/{file}\n" for node in NODES for file in files]
        (ETC / "gres.conf").write_text(MARK + "".join(lines), encoding="utf-8")
        key = self.folder / "munge/key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))

    def _start_accounting(self) -> None:
        """Start a MariaDB of the cluster's own and slurmdbd, and give root an account."""
        data, socket_path = self.folder / "mariadb", self.folder / "mariadb.sock"
        where = [f"--datadir={data}", "--user=root"]
        _run(
            "mariadb-install-db", "--no-defaults", *where, "--auth-root-authentication-method=normal", "--skip-test-db"
        )
        (self.folder / "begin.sql").write_text(DATABASE_BEGINNING)
        with (self.folder / "mariadb.log").open("wb") as log:
            subprocess.Popen(
                [
                    _program("mariadbd") or "mariadbd", "--no-defaults", *where, f"--socket={socket_path}",
                    f"--pid-file={self.folder}/mariadb.pid", f"--init-file={self.folder}/begin.sql",
                    "--bind-address=127.0.0.1", f"--port={(self.folder / 'database.port').read_text()}",
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: _answers("mariadb-admin", f"--socket={socket_path}", "ping"), "the database", self.logs, 120)
        _run("slurmdbd")
        wait_until(lambda: _answers("sacctmgr", "show", "cluster"), "slurmdbd", self.logs, 120)
        for words in ("cluster dubaug", f"account {ACCOUNT} Cluster=dubaug", f"user root Account={ACCOUNT}"):
            _run("sacctmgr", "--immediate", "add", *words.split())

    def _pids(self, name: str) -> list[int]:
        """Return the process that the file names, if it lives."""
        try:
            pid = int((self.folder / name).read_text())
        except (FileNotFoundError, ValueError):
            return []
        return [pid] if _lives(pid) else []


def job_processes(job_id: str) -> list[int]:
    """Return the processes of a job, slurmstepd and all that it started, by their parents."""
    children: dict[int, list[int]] = {}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            command = (folder / "cmdline").read_text().replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(folder.name))
        if command.startswith(f"slurmstepd: [{job_id}."):
            found.append(int(folder.name))
    for pid in found:  # grows while it is walked
        found += children.get(pid, [])
    return list(dict.fromkeys(found))


def wait_until(condition: Callable[[], bool], what: str, context: Callable[[], str], timeout_s: float = 900.0) -> None:
    """Return once the condition holds. Raises `RuntimeError` with the context if that takes too long."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {timeout_s:.0f} s for {what}\n{context()}")
        time.sleep(0.2)


def _fields(line: str) -> dict[str, str]:
    """Return `scontrol`'s `Name=value` words. A value with spaces in it is cut at the first."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_DIRS}")


def _run(name: str, *words: str) -> str:
    """Run a program to its end and return what it printed. Raises `RuntimeError` with its message if it fails."""
    ran = subprocess.run([_program(name) or name, *words], capture_output=True, text=True, timeout=120, check=False)
    if ran.returncode:
        raise RuntimeError(f"{name} {' '.join(words)}: {ran.stderr or ran.stdout}")
    return ran.stdout


def _answers(name: str, *words: str) -> bool:
    return subprocess.run([_program(name) or name, *words], capture_output=True, check=False).returncode == 0


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _lives(pid: int) -> bool:
    """Return whether the process is there, and more than a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _signal(pid: int, number: signal.Signals) -> None:
    if _lives(pid):
        os.kill(pid, number)


def _wait_gone(pid: int, timeout_s: float = 60.0) -> bool:
    end = time.monotonic() + timeout_s
    while _lives(pid) and time.monotonic() < end:
        time.sleep(0.1)
    return not _lives(pid)


def _end(pid: int) -> None:
    """End a daemon, with SIGKILL if it does not go by itself."""
    _signal(pid, signal.SIGTERM)
    if not _wait_gone(pid):
        _signal(pid, signal.SIGKILL)
        _wait_gone(pid)


if __name__ == "__main__":
    if (
        len(sys.argv) not in (3, 4)
        or sys.argv[1] not in ("start", "stop")
        or sys.argv[3:] not in ([], ["--accounting"])
    ):
        sys.exit("usage: cluster.py start|stop FOLDER [--accounting]")
    here = Cluster(Path(sys.argv[2]).resolve(), accounting="--accounting" in sys.argv)
    if sys.argv[1] == "start" and (reason := why_not(accounting=here.accounting)):
        sys.exit(reason)
    getattr(here, sys.argv[1])()
