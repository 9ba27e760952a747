-- wrk: sends the requests of a file in their order, and says how it went in one line of JSON.
-- wrk asks for one request before it begins and doesn't send it: the file's first is a spare.

local threads = {}

function setup(thread)
   table.insert(threads, thread)
end

function init(args)
   file = assert(io.open(args[1], "rb"))
   wrapped = 0
end

function request()
   local size = file:read("*n", 1)
   if size == nil then
      file:seek("set", 0)
      wrapped = wrapped + 1
      size = file:read("*n", 1)
   end
   return file:read(size)
end

function done(summary, latency, requests)
   local again, errors = 0, summary.errors
   for _, thread in ipairs(threads) do again = again + thread:get("wrapped") end
   io.write(string.format(
      '\n{"requests":%d,"seconds":%.6f,"p50":%.3f,"p99":%.3f,"refused":%d,"broken":%d,"wrapped":%d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
      latency:percentile(99) / 1e3, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout, again))
end
