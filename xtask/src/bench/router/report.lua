-- What `wrk` tells at its end: one line of JSON.
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('JSON {"requests":%d,"micros":%d,"failed":%d}\n',
    summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
