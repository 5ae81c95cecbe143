"""One file per evaluation tool: bytes of its log in, canonical records out. The list is closed and short.

An unreadable log is `Malformed` and changes nothing; a readable failed, cancelled or unscored run is a record that says so.
"""

from api.importers.inspect_log import read_eval, read_inspect_json
from api.importers.lm_eval import read_lm_eval
from api.importers.record import MAX_LOG, Record, read_json
from ledger.errors import Malformed


def read_log(data: bytes) -> tuple[Record, ...]:
    """Records of a log file, by its content and never by its name. Raises `Malformed`."""
    if len(data) > MAX_LOG:
        raise Malformed("log", "file", "too-large")
    if data.startswith(b"PK\x03\x04"):
        return read_eval(data)
    value = read_json(data, "file")
    if isinstance(value, dict) and isinstance(value.get("eval"), dict) and "status" in value:
        return read_inspect_json(data, value)
    if isinstance(value, dict) and "results" in value and "versions" in value:
        return read_lm_eval(data, value)
    raise Malformed("log", "file", "log-unknown")
