"""Programs tied to the process that starts them: they end when it ends, even by SIGKILL.

The rule: a program started through ``tied`` first runs this file, which changes who it is where that is asked for,
asks the kernel for a signal at the parent's death, and only then becomes the program. It stands alone on the standard
library and is quick to start, since every child of the house goes through it. Where the kernel is not Linux the
program is started all the same, untied.
"""

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

# `mapped` is root seen as an ordinary user within a namespace of its own, `nobody` is the system's least user:
# two ways to run, as root, a program that refuses to be root.
Identity = Literal["self", "mapped", "nobody"]

MAPPED_ID = 1000
_NEW_USER_NAMESPACE = 0x10000000  # CLONE_NEWUSER in <linux/sched.h>
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG in <linux/prctl.h>


def tied(argv: Sequence[str], *, end: signal.Signals = signal.SIGKILL, identity: Identity = "self") -> list[str]:
    """Give the command that runs ``argv`` tied to this process, which must start it from its main thread.

    The kernel watches the thread that starts a child, not the process: a child started from a thread that ends would
    be ended with it.

    :param end: the signal that the program gets when this process is gone.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(end)), identity, *argv]


def nobody() -> tuple[int, int]:
    """Name the user and the group of the system's least user."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return entry.pw_uid, entry.pw_gid


def _become(identity: str) -> None:
    if identity == "mapped":
        user, group = os.geteuid(), os.getegid()
        if ctypes.CDLL(None).unshare(_NEW_USER_NAMESPACE) != 0:
            sys.exit("This system gives out no user namespace.")
        # The kernel lets a process map its own group only after it has given up changing its groups.
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{MAPPED_ID} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{MAPPED_ID} {group} 1", encoding="ascii")
    elif identity == "nobody":
        user, group = nobody()
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)


def _main(parent: int, end: int, identity: str, argv: Sequence[str]) -> None:
    # Who the program is comes first: the kernel forgets the death signal when that changes.
    _become(identity)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, end)
        if os.getppid() != parent:
            sys.exit("The process that started this one is gone already.")
    os.execvp(argv[0], list(argv))  # noqa: S606  becoming the program is the whole purpose


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
