"""What may go wrong on the way to an instance, told apart.

SshError
├── HostNotFound        the name has no address (DNS)
├── ConnectRefused      nothing listens at that port (yet)
├── ConnectTimeout      no answer, or something there that does not speak SSH
├── AuthFailed          the instance does not accept the key
├── KeyFileMissing      the key file is not there or not readable
├── PassphraseNeeded    the key file is locked
├── HostKeyUnknown      first contact, and nobody said yes
├── HostKeyChanged      another key than the one trusted before
├── LinkLost            the connection broke in the middle
├── CommandSilent       a command said nothing for too long
├── CommandTooLoud      a command talked on without end
├── PortClosed          nothing listens at that port inside the instance
├── ComfyNotFound       at none of the ports a ComfyUI answers
├── JobRefused          the instance could not take a job (its disk is full, say)
├── JobSilent           a job said nothing for too long
├── TransferFailed      a file could not be brought home whole
└── UploadFailed        a file could not be brought to the instance whole
    └── RemoteDiskFull
"""

from vastgui.errors import VastguiError

_BOOTING = "An instance that is still booting answers a little later."


class SshError(VastguiError):
    """Base of everything that may go wrong between this computer and an instance."""


class HostNotFound(SshError):
    hint = "Check the spelling of the host, and this computer's internet connection."
    transient = True

    def __init__(self, host: str) -> None:
        super().__init__(f"The host {host} has no address (DNS).")
        self.host = host


class ConnectRefused(SshError):
    hint = f"Check the port on the Vast page. {_BOOTING}"
    transient = True

    def __init__(self, where: str, detail: str = "") -> None:
        super().__init__(f"{where} refuses connections{f' ({detail})' if detail else ''}.")
        self.where = where


class ConnectTimeout(SshError):
    hint = f"Check address and port on the Vast page. {_BOOTING}"
    transient = True

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(f"{where} does not answer: {detail}.")
        self.where = where


class AuthFailed(SshError):
    hint = (
        "Add the public half (the .pub file) to your keys on https://cloud.vast.ai/manage-keys/ "
        "and to the instance (its key button), or choose the key file that belongs to it."
    )

    def __init__(self, label: str, key_file: str) -> None:
        key = f"the key {key_file}" if key_file else "any key of the SSH agent"
        super().__init__(f"{label} does not accept {key}.")
        self.label, self.key_file = label, key_file


class KeyFileMissing(SshError):
    hint = "Choose another key file, or create one: ssh-keygen -t ed25519"

    def __init__(self, key_file: str, reason: str = "there is no such file") -> None:
        what = f"The key file {key_file} cannot be used" if key_file else "No SSH key is set"
        super().__init__(f"{what}: {reason}.")
        self.key_file = key_file


class PassphraseNeeded(SshError):
    hint = "Store its passphrase in Settings as `ssh_passphrase`, or use the SSH agent."

    def __init__(self, key_file: str, *, wrong: bool = False) -> None:
        super().__init__(
            f"The passphrase for the key file {key_file} is wrong."
            if wrong
            else f"The key file {key_file} is locked with a passphrase."
        )
        self.key_file, self.wrong = key_file, wrong


class HostKeyUnknown(SshError):
    hint = "Compare the fingerprint when you can, then trust the key to go on."

    def __init__(self, name: str, where: str, fingerprint: str) -> None:
        super().__init__(f"{where} ({name}) is new here: its host key is {fingerprint}.")
        self.name, self.where, self.fingerprint = name, where, fingerprint


class HostKeyChanged(SshError):
    hint = (
        "Rented machines reuse addresses: forget the old key if you rented or recycled this one "
        "just now. Otherwise somebody may be listening in; do not go on."
    )

    def __init__(self, name: str, where: str, fingerprint: str, known_fingerprint: str) -> None:
        super().__init__(
            f"{where} ({name}) shows host key {fingerprint}, but {known_fingerprint} was trusted."
        )
        self.name, self.where = name, where
        self.fingerprint, self.known_fingerprint = fingerprint, known_fingerprint


class LinkLost(SshError):
    hint = "vastgui connects again by itself; check the instance when this goes on."
    transient = True

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"The connection to {where} was lost: {reason}.")
        self.where, self.reason = where, reason


class CommandSilent(SshError):
    hint = "The instance may be overloaded, or the command waits for something."

    def __init__(self, command: str, seconds: float) -> None:
        super().__init__(f"`{command}` said nothing for {seconds:g} s and was given up.")
        self.command, self.seconds = command, seconds


class CommandTooLoud(SshError):
    hint = "A command that tells so much is not what was asked for: look at the instance."

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"A command said more than {size_bytes >> 20} MB and was given up.")
        self.size_bytes = size_bytes


class PortClosed(SshError):
    hint = "The program behind it may still be starting."
    transient = True

    def __init__(self, where: str, port: int) -> None:
        super().__init__(f"Nothing answers at port {port} inside {where}.")
        self.where, self.port = where, port


class ComfyNotFound(SshError):
    hint = "It may still be starting; its log on the instance tells more. Or give its port."
    transient = True

    def __init__(self, where: str, ports: tuple[int, ...]) -> None:
        tried = " or ".join(map(str, ports))
        super().__init__(f"No ComfyUI answers at port {tried} inside {where}.")
        self.where, self.ports = where, ports


class JobRefused(SshError):
    hint = "Free some space on the instance's disk, then continue the run."

    def __init__(self, job_id: str, reason: str) -> None:
        super().__init__(f"The instance could not start the job {job_id}: {reason}.")
        self.job_id, self.reason = job_id, reason


class JobSilent(SshError):
    hint = "It may hang; its log shows how far it came."

    def __init__(self, job_id: str, seconds: float) -> None:
        super().__init__(f"The job {job_id} said nothing for {seconds:g} s.")
        self.job_id, self.seconds = job_id, seconds


class TransferFailed(SshError):
    """A file of the instance could not be brought home whole; nothing has its final name."""

    def __init__(self, path: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"{path} was not downloaded: {reason}.", hint=hint)
        self.path, self.reason = path, reason


class UploadFailed(SshError):
    """A file could not be brought to the instance whole; nothing there has its final name."""

    hint = "Try again: it goes on from what arrived. Check the instance when this repeats."

    def __init__(self, path: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"{path} was not uploaded: {reason}.", hint=hint)
        self.path, self.reason = path, reason


class RemoteDiskFull(UploadFailed):
    """What came is kept over there, so a later try goes on from it."""

    hint = "Free some space on the instance's disk, then continue the run."

    def __init__(self, path: str, free_bytes: int, missing_bytes: int) -> None:
        super().__init__(
            path,
            f"the instance's disk is full ({free_bytes / 1e6:,.1f} MB free where it belongs, "
            f"{missing_bytes / 1e6:,.1f} MB missing)",
        )
        self.free_bytes, self.missing_bytes = free_bytes, missing_bytes
