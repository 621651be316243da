-- wrk: one claim asked again and again by many users, each from a network of its own. arguments: a file with a session
-- cookie a line; the body. Seeded, so that every run asks in the same order.
local requests = {}
local next_one = 0

function init(arguments)
  local place = 0
  for cookie in io.lines(arguments[1]) do
    place = place + 1
    local address = string.format("10.%d.%d.1", math.floor(place / 250), place % 250)
    requests[place] = wrk.format("POST", "/api/checks", {
      ["Cookie"] = cookie, ["Content-Type"] = "application/json", ["X-Forwarded-For"] = address}, arguments[2])
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end
