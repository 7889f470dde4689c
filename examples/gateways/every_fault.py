"""Checks a gateway of these examples with each of its faults, and holds what `stelsel check` finds against what was planted:

    python3 every_fault.py za --stelsel target/release/stelsel [--at-once 4] [--clean 20] [--only-clean] [--fault NAME] [--probes]

Without a fault nothing may be found, as often as --clean says; with one, exactly the rules that it breaks. With --probes
only those probes are made that judge one of these rules, which is quicker and shows less. Prints a line for each check,
and ends with 1 if one was wrong.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
LIMIT = 600


def planted(role):
    """The rules that each fault breaks."""
    listed = subprocess.run([sys.executable, HERE / f"{role}.py", "--list"], capture_output=True, text=True, check=True)
    lines = [line.split() for line in listed.stdout.splitlines()]
    return {name: sorted(rules.split(",")) for name, rules in lines}


class Place:
    """Where one check at a time is made: a folder and ports of its own."""

    def __init__(self, arguments, number):
        # Gone with the program.
        self.kept = tempfile.TemporaryDirectory(prefix=f"check-{number}-")
        self.arguments, self.folder = arguments, Path(self.kept.name)
        self.port = arguments.port + 10 * number

    def gateway(self, fault):
        """The gateway, once the network has said what it needs."""
        role, told = self.arguments.role, self.folder / "endpoints.json"
        until = time.monotonic() + 60
        while not (told.is_file() and f'"port": {self.port}' in told.read_text() and self.given().is_file()):
            if time.monotonic() > until:
                sys.exit(f"{self.folder}: no network after 60 s")
            time.sleep(0.05)
        ports = {"--listen": self.port + 6, "--control": self.port + 8}
        options = [text for name, port in ports.items() for text in (name, f"127.0.0.1:{port}")]
        options += ["--fault", fault] if fault else []
        log = (self.folder / "gateway.log").open("a")
        return subprocess.Popen([sys.executable, "-B", HERE / f"{role}.py", self.given().parent, *options], stdout=log, stderr=log)

    def given(self):
        return self.folder / "external" / f"{self.arguments.role}-1" / "README.html"

    def check(self, fault, rules):
        """What is found broken, whether the check ended as it says then, and how long that took."""
        verdicts = self.folder / "verdicts.json"
        verdicts.unlink(missing_ok=True)
        command = [self.arguments.stelsel, "check", self.arguments.role, "--host", f"127.0.0.1:{self.port + 6}"]
        command += ["--control", f"http://127.0.0.1:{self.port + 8}/", "--dir", self.folder, "--port", str(self.port)]
        command += ["--json", verdicts, *(f"--only={probe}" for probe in self.arguments.judge.get(fault, []))]
        (self.folder / "endpoints.json").unlink(missing_ok=True)
        with (self.folder / "check.log").open("w") as log:
            checker = subprocess.Popen(command, stdout=log, stderr=log)
            gateway = self.gateway(fault)
            try:
                code = checker.wait(LIMIT)
            finally:
                gateway.kill()
                gateway.wait()
                checker.kill()
        if not verdicts.is_file():
            return None, False, f"exit {code}: {(self.folder / 'check.log').read_text().splitlines()[-1:]}"
        report = json.loads(verdicts.read_text())["report"]
        of = lambda finding: sorted(one["rule"] for one in report["verdicts"] if one["finding"] == finding)
        found, kept = of("broken"), of("kept")
        # A check that saw nothing finds nothing either.
        is_sound = code == 1 if found else code == 0 and len(kept) > 0
        return found, is_sound, f"{report['took_s']:.0f} s, exit {code}, {len(kept)} kept"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("role", choices=[path.stem for path in HERE.glob("*.py") if path.stem in ("za", "pgo")])
    parser.add_argument("--stelsel", default="stelsel", metavar="PROGRAM")
    parser.add_argument("--at-once", type=int, default=1, metavar="N", help="how many checks go on at one time")
    parser.add_argument("--clean", type=int, default=1, metavar="N", help="how often it is checked without a fault")
    parser.add_argument("--only-clean", action="store_true", help="no fault is planted")
    parser.add_argument("--fault", action="append", metavar="NAME", help="this fault only; may be given several times")
    parser.add_argument("--probes", action="store_true", help="make only the probes that judge what was planted")
    parser.add_argument("--port", type=int, default=21_000, metavar="P", help="the first of the ports that are used")
    arguments = parser.parse_args()
    faults = planted(arguments.role)
    wanted = {name: faults[name] for name in arguments.fault or faults} if not arguments.only_clean else {}
    arguments.judge = {}
    if arguments.probes:
        told = subprocess.run(
            [arguments.stelsel, "check", arguments.role, "--probes"], capture_output=True, text=True, check=True
        )
        judges = {probe: rules.split(",") for probe, rules in (line.split() for line in told.stdout.splitlines())}
        for name, rules in wanted.items():
            arguments.judge[name] = [probe for probe, judged in judges.items() if set(judged) & set(rules)]
    places = [Place(arguments, number) for number in range(arguments.at_once)]
    todo = [(None, [])] * arguments.clean + list(wanted.items())
    wrong = []

    def one(task):
        fault, rules = task
        place = places.pop()
        found, is_sound, how = place.check(fault, rules)
        places.append(place)
        is_right = found == rules and is_sound
        verdict = "as planted" if is_right else f"WRONG, expected {rules}"
        if not is_right:
            wrong.append(fault)
        print(f"{fault or 'no fault':28} {' '.join(found or []) or '-':40} {verdict} ({how})", flush=True)

    with ThreadPoolExecutor(arguments.at_once) as pool:
        list(pool.map(one, todo))
    print(f"{len(todo)} checks, {len(wrong)} wrong", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
