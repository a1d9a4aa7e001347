"""What was measured, as a table to read and as the objects of bench.json."""

FLOOR = "floor.round_trip"
# Instructions of these that clear memory: 512 eight-byte steps a frame.
CLEARING = {
    "frame.claim_release.1": 512,
    "frame.claim_release.512": 512 * 512,
    "frame.claim_release.2m": 512 * 512,
}
FRAMES = {"frame.claim_release.512": 512, "frame.claim_release.2m": 512, "frame.grant_revoke.2m": 512}

# seL4's nearest operation: 16.0.0-dev, release, -O2, counted in the same way, but not in this run
# (doc/performance.md).
SEL4 = {
    "syscall.null": 285,
    "ipc.call_reply.0": 458,
    "ipc.call_reply.1": 470,
    "ipc.call_reply.2": 480,
    "ipc.call_reply.4": 500,
    "ipc.call_reply.5": 1672,
    "ipc.call_reply.6": 1672,
    "ipc.signal_wait": 638,
    "fault.pager": 1287,
    "frame.claim_release.1": 983,
    "page.map_unmap.1": 1406,
    "boot.to_init": 4199604,
}
# Linux's nearest, counted in this run: by the start of a name.
LINUX = {
    "syscall.null": "getpid",
    "ipc.call_reply": "pipe_round_trip",
    "linux.getppid": "getpid",
    "fault.pager": "page_fault",
    "frame.claim_release.1": "page_fault",
    **{f"disk.{how}": f"disk.{how}" for how in ("read_random_4k", "write_random_4k", "read_1m", "write_1m")},
}


def nearest_of_linux(name):
    """The name under which Linux's nearest operation is counted; None where it has none."""
    base = name if name in LINUX else name.rstrip("0123456789").rstrip(".")
    return f"peer.linux.{LINUX[base]}" if base in LINUX else None


ELAPSED = ".elapsed"


def without_elapsed(counted):
    """Instructions: of what waits for a device those that it took itself."""
    return {name: count for name, count in counted.items() if not name.endswith((ELAPSED, ".khz"))}


def as_elapsed(timed):
    """Times: of what waits for a device with the wait."""
    return {name: timed.get(name + ELAPSED, time) for name, time in timed.items() if not name.endswith(ELAPSED)}


class Results:
    """counted, timed: as machines.measure() gives them; main: the key of cocOS's machine in both."""

    def __init__(self, counted, timed, main):
        self.cocos = without_elapsed(counted[main])
        self.small, self.large = without_elapsed(counted["1G"]), without_elapsed(counted["1T"])
        self.peers = without_elapsed({**counted["floor"], **counted.get("linux", {})})
        self.times = as_elapsed({**timed[main], **timed["floor"], **timed.get("linux", {})})
        self.ticks_a_second = timed[main]["clock.khz"][0] * 1000
        self.prompt, self.prompt_time = counted["prompt"], timed["prompt"]
        self.firmware = self.peers.pop("floor.start")[0]
        self.linux_start = self.peers.pop("peer.linux.boot.ticks", None)
        self.operations = [name for name in self.cocos if not name.startswith("boot.")]

    def time_to_floor(self, name):
        return self.times[name][0] / self.times[FLOOR][0]

    # ---- Booting: from the kernel's first instruction to init's first ----

    @staticmethod
    def boot_rest(run, *without):
        """Instructions of the boot less those of the given parts; a part may be missing."""
        total = run["boot.to_init"][0]
        return total - sum(run.get(f"boot.{part}", (0, 0))[0] for part in without)

    def boot_objects(self):
        def counted(name, count):
            return {"name": name, "unit": "instructions", "min": count, "median": count}

        rest = self.boot_rest(self.cocos, "cleared", "calibration")
        # Clearing is part of this time: only its instructions are known.
        ratio = self.boot_rest(self.times, "calibration") / self.times[FLOOR][0]
        yield {**counted("boot.to_init", rest), "time_to_floor": ratio}
        for size, run in (("1g", self.small), ("1t", self.large)):
            yield counted(f"boot.to_init.{size}", self.boot_rest(run))
            rest = self.boot_rest(run, "cleared", "calibration")
            yield counted(f"boot.less_clearing.{size}", rest)
        yield {**counted("boot.to_prompt", self.prompt[0]), "seconds": self.prompt_time[0] / 1e9}
        yield {"name": "memory.at_prompt", "unit": "bytes", "min": self.prompt[1], "median": self.prompt[1]}
        if self.linux_start:
            # Started in the same way, the floor finds where the firmware left the counter.
            count = self.linux_start[0] - self.firmware
            ticks = self.times["peer.linux.boot.ticks"][0] - self.times["floor.start"][0]
            yield {**counted("peer.linux.boot.to_init", count), "seconds": ticks / self.ticks_a_second}

    def show_boot(self):
        objects = list(self.boot_objects())
        counts = {result["name"]: result["min"] for result in objects}
        seconds = {result["name"]: result.get("seconds") for result in objects}
        print(f"{'from the start to init':34} {'512 MiB':>12} {'1 GiB':>13} {'1 TiB':>13} {'ratio':>7}")
        one, other = counts["boot.to_init.1g"], counts["boot.to_init.1t"]
        total = self.boot_rest(self.cocos)
        print(f"{'  instructions':34} {total:12.0f} {one:13.0f} {other:13.0f} {other / one:7.2f}")
        one, other = counts["boot.less_clearing.1g"], counts["boot.less_clearing.1t"]
        rest = counts["boot.to_init"]
        title = "  less clearing and calibration"
        print(f"{title:34} {rest:12.0f} {one:13.0f} {other:13.0f} {other / one:7.2f}")
        print(f"{'  seL4, less calibration':34} {SEL4['boot.to_init']:12}")
        for title, name in (("to the prompt, calibration included", "boot.to_prompt"),
                            ("  Linux, to its init", "peer.linux.boot.to_init")):
            if name in counts:
                print(f"{title:34} {counts[name]:12.0f} {seconds[name]:11.2f} s")
        print(f"{'memory in use at the prompt, KiB':34} {counts['memory.at_prompt'] / 1024:12.0f}")

    # ---- Operations ----

    def peer_instructions(self, name):
        """seL4's and Linux's, for the table."""
        linux = self.peers.get(nearest_of_linux(name))
        return SEL4.get(name, "-"), f"{linux[0]:.0f}" if linux else "-"

    def show(self):
        print(
            f"{'operation':34} {'instructions':>12} {'less clearing':>13} {'seL4':>7} {'Linux':>7} "
            f"{'time/floor':>10}"
        )
        for name in self.operations + list(self.peers):
            least = {**self.cocos, **self.peers}[name][0]
            net, ratio = least - CLEARING.get(name, 0), self.time_to_floor(name)
            sel4, linux = self.peer_instructions(name)
            if not name.endswith("calibration"):
                print(f"{name:34} {least:12.0f} {net:13.0f} {sel4:>7} {linux:>7} {ratio:10.3f}")
            if ".disk." in f".{name}":
                print(f"{'  a second':34} {self.ticks_a_second / self.times[name][0]:12.0f}")
            if name in FRAMES:
                share = least / FRAMES[name], net / FRAMES[name]
                print(f"{'  per frame':34} {share[0]:12.1f} {share[1]:13.1f}")

    def show_growth(self):
        more = {name: self.large[name][0] - self.small[name][0] for name in self.large}
        grown = [f"{n} {more[n]:+.0f}" for n in self.operations if abs(more.get(n, 0)) >= 1]
        print("from 1 GiB to 1 TiB of RAM:", ", ".join(grown) or "everything costs the same")

    def operation_object(self, name):
        clearing = CLEARING.get(name, 0)
        least, median = (count - clearing for count in {**self.cocos, **self.peers}[name])
        result = {"name": name, "unit": "instructions", "min": least, "median": median}
        result["time_to_floor"] = self.time_to_floor(name)
        if name in self.large:
            result["min_at_1t"] = self.large[name][0] - clearing
        if ".disk." in f".{name}":
            result["per_second"] = self.ticks_a_second / self.times[name][0]
        if clearing:
            result["clearing"] = clearing
        if name in FRAMES:
            result["per_frame"] = least / FRAMES[name]
        return result

    def objects(self):
        """The list that bench.json is."""
        names = self.operations + list(self.peers)
        return [*self.boot_objects(), *map(self.operation_object, names)]
