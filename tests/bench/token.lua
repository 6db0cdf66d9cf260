-- wrk: POST /auth/token for users picked at random. Arguments: number of users, file with the API key, and the step from
-- the number of one user to the next.
local users, key, stride

function setup(thread)
  counter = (counter or 0) + 1
  thread:set("seed", counter)
end

function init(arguments)
  users = tonumber(arguments[1])
  key = io.open(arguments[2]):read("l")
  stride = tonumber(arguments[3])
  math.randomseed(seed)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["X-API-Key"] = key
end

function request()
  local user = math.random(0, users - 1) * stride
  return wrk.format(nil, nil, nil, string.format('{"provider":"sandbox","user_email":"user%05d@example.com"}', user))
end
