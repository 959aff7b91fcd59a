"""Tricks by which a script may get away from whoever stops it: by accident, mostly. Each is a script whose `main` never returns.

It prints `on` when the trick is in place. Whatever it starts ends by itself after LIFETIME_S, so that a failure harms nobody for long.
"""

import os

LIFETIME_S = 120 + os.getpid() % 1000

_BEGIN = f"""
import ctypes, os, pty, signal, subprocess, sys, threading, time
END = time.monotonic() + {LIFETIME_S}
LIFETIME = "{LIFETIME_S}"

def on():
    os.write(1, b"on\\n")

def end_this_thread():
    ctypes.CDLL(None).syscall(93 if os.uname().machine == "aarch64" else 60, 0)  # exit(2), not exit_group(2)

def sleep_on():
    while time.monotonic() < END:
        try: time.sleep({LIFETIME_S})
        except BaseException: pass
"""

_TRICKS = {
    "sleeps": """
def main():
    on(); time.sleep(int(LIFETIME))
""",
    "swallows every exception": """
def main():
    on(); sleep_on()
""",
    "computes without end": """
def main():
    on()
    while time.monotonic() < END:
        try:
            while time.monotonic() < END: pass
        except BaseException: pass
""",
    "blocks in C": """
def main():
    on(); ctypes.CDLL(None).sleep(int(LIFETIME))
""",
    "blocks in C and keeps the interpreter's lock": """
def main():
    on(); ctypes.PyDLL(None).sleep(int(LIFETIME))
""",
    "ignores every signal": """
def main():
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    on(); sleep_on()
""",
    "blocks every signal": """
def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    on(); sleep_on()
""",
    "has threads that never end": """
def main():
    for _ in range(20): threading.Thread(target=sleep_on).start()
    on(); sleep_on()
""",
    "ends its first thread and goes on in another": """
def main():
    def work():
        time.sleep(0.1); on(); sleep_on()
    threading.Thread(target=work).start()
    end_this_thread()
""",
    "has a daemon that ends its first thread": """
def main():
    if os.fork() == 0:
        os.setsid()
        def work():
            time.sleep(0.1); on(); sleep_on()
        threading.Thread(target=work).start()
        end_this_thread()
    sleep_on()
""",
    "closes every descriptor again and again": """
def main():
    on()
    while time.monotonic() < END:
        try: os.closerange(3, 5000); time.sleep(0.001)
        except BaseException: pass
""",
    "fills its output": """
def main():
    on()
    while time.monotonic() < END:
        try: os.write(1, b"0123456789abcde\\n" * 4096)
        except BaseException: pass
""",
    "stops itself with SIGSTOP": """
def main():
    on(); os.kill(os.getpid(), signal.SIGSTOP); sleep_on()
""",
    "becomes another program": """
def main():
    on(); os.execvp("sleep", ["sleep", LIFETIME])
""",
    "starts a program": """
def main():
    subprocess.Popen(["sleep", LIFETIME]); on(); sleep_on()
""",
    "starts a program with nohup in a session of its own": """
def main():
    subprocess.Popen(["nohup", "sleep", LIFETIME], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    on(); sleep_on()
""",
    "starts a program on a terminal of its own": """
def main():
    pid, terminal = pty.fork()
    if pid == 0: os.execvp("sleep", ["sleep", LIFETIME])
    on(); sleep_on()
""",
    "forks a daemon": """
def main():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
            on()
            os.closerange(0, 100)
            sleep_on()
        os._exit(0)
    os.wait(); sleep_on()
""",
    "forks a daemon without environment": """
def main():
    subprocess.run(["env", "-i", "setsid", "sh", "-c", f"sleep {LIFETIME} >/dev/null 2>&1 &"])
    on(); sleep_on()
""",
    "forks in a loop": """
def chain():
    while time.monotonic() < END:
        if os.fork(): os._exit(0)
        time.sleep(0.0005)
    os._exit(0)

def main():
    for _ in range(8):
        if os.fork() == 0: chain()
    on(); sleep_on()
""",
    "forks in a loop, each in a session of its own": """
def chain():
    while time.monotonic() < END:
        os.setsid()
        if os.fork(): os._exit(0)
        time.sleep(0.0005)
    os._exit(0)

def main():
    for _ in range(4):
        if os.fork() == 0: chain()
    on(); sleep_on()
""",
    "forks ever more": """
def main():
    on()
    for _ in range(6):
        os.fork(); time.sleep(0.005)
    sleep_on()
    os._exit(0)
""",
    "spawns a chain of programs": """
def main():
    text = f"sleep 0.002; test $(($(date +%s) - $1)) -gt {LIFETIME} || exec setsid sh -c \\"$0\\" \\"$0\\" \\"$1\\""
    for _ in range(3):
        os.posix_spawnp("sh", ["sh", "-c", f"({text}) &", text, str(int(time.time()))], os.environ)
    on(); sleep_on()
""",
    "has two watchmen that start each other again": """
def watch(other):
    while time.monotonic() < END:
        try: os.kill(other, 0)
        except ProcessLookupError: other = guard(os.getpid())
        time.sleep(0.001)
    os._exit(0)

def guard(other):
    pid = os.fork()
    if pid == 0:
        os.setsid(); watch(other)
    return pid

def main():
    if os.fork() == 0:
        os.setsid(); watch(guard(os.getpid()))
    on(); sleep_on()
""",
}

TRICKS = {name: _BEGIN + text for name, text in _TRICKS.items()}
