# SPDX-License-Identifier: Apache-2.0
"""A terminal of a fixed size with a shell in it, as tmux emulates one. What it shows is polled until a predicate holds."""
import os
import re
import shlex
import shutil
import subprocess

from target import wait_until

TMUX = shutil.which("tmux")
PROMPT = "ready$"
# what a program may leave behind: the screen that it was given, its cursor, its mouse, its keypad
MODES = "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_cursor_flag} #{keypad_flag}"


class Terminal:
    def __init__(self, folder, width=100, height=30, environment=None):
        self.socket = os.path.join(folder, "tmux")
        self.n_commands = 0
        shell = {"PATH": os.environ["PATH"], "PS1": PROMPT, "LC_ALL": "C.UTF-8", "TERM": "screen-256color", "HOME": str(folder),
                 "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(folder)),
                 **{name: os.environ[name] for name in os.environ if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))}, **(environment or {})}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(folder),
                  shlex.join(["env", "-i", *("%s=%s" % item for item in shell.items()), "sh", "-i"]))
        self.tmux("set-option", "-g", "status", "off")
        self.tmux("resize-window", "-x", str(width), "-y", str(height))
        self.wait(lambda screen: screen.rstrip().endswith(PROMPT), "prompt of the shell")

    def tmux(self, *arguments):
        return subprocess.run([TMUX, "-u", "-S", self.socket, *arguments], check=True, capture_output=True, text=True, timeout=30).stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def wait(self, predicate, what, seconds=60):
        """Polls until predicate(screen) is true, and returns that screen; says what the screen shows if it never is."""
        shown = [""]

        def holds():
            shown[0] = self.screen()
            return predicate(shown[0])
        try:
            wait_until(holds, seconds, what)
        except TimeoutError as error:
            raise AssertionError("%s; the screen shows:\n%s" % (error, shown[0])) from None
        return shown[0]

    def wait_text(self, text, seconds=60):
        return self.wait(lambda screen: text in screen, "screen with %r" % text, seconds)

    def keys(self, *names):
        """Key names of tmux: Enter, Left, Escape; single characters."""
        self.tmux("send-keys", *names)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def run(self, command):
        """Types a command; it runs when this returns."""
        self.type(command)
        self.keys("Enter")

    def at_prompt(self):
        return self.wait(lambda screen: screen.rstrip().endswith(PROMPT), "prompt of the shell")

    def output_of(self, command):
        """What a command writes that ends by itself."""
        self.n_commands += 1
        end = "end of %d" % self.n_commands
        self.run("clear; %s; echo end o''f %d" % (command, self.n_commands))
        screen = self.wait(lambda shown: end in shown and shown.rstrip().endswith(PROMPT), "end of %r" % command)
        return screen[:screen.index(end)]

    def status(self):
        """How the last command ended; asked for at once, as every other command has a status of its own."""
        self.run("echo status $?")
        screen = self.wait(lambda shown: re.search(r"^status \d+$", shown, re.MULTILINE), "status")
        return int(re.findall(r"^status (\d+)$", screen, re.MULTILINE)[-1])

    def modes(self):
        return self.tmux("display-message", "-p", MODES).strip()

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))
