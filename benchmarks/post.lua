-- wrk's side of the load: pre-signed bodies from a file (`length, newline, bytes` each), every one sent once.
-- HOLDPOINT_BODIES, HOLDPOINT_KIND from the environment; the last line printed is read by benchmarks/load.py.
local bodies, headers = nil, { ["Content-Type"] = os.getenv("HOLDPOINT_KIND") }

function init(_args)
  bodies = io.open(os.getenv("HOLDPOINT_BODIES"), "rb")
end

function request()
  local length = bodies:read("*n")
  if length == nil then
    wrk.thread:stop() -- all sent: the run ends here; what is still in flight is not counted
    return wrk.format("GET", "/livez")
  end
  bodies:read(1)
  return wrk.format("POST", "/v1/entries", headers, bodies:read(length))
end

function done(summary, latency, _requests)
  local errors = summary.errors
  print(string.format("load %d %d %d %d %d %d", summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
