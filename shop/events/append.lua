-- Append events to the stream and bring the sessions of their visitors up to date: atomic, one round trip.
--
-- KEYS[1]  the stream
-- ARGV     gap (ms), life of a session's key (s), most acts, most cart lines, life of a remembered message id (s); then eight per event:
--          visitor, shopper ("-": logged out), time (ms), act line, cart lines, key that remembers the message id, event id, body
-- returns  the number of events appended; those whose message id is remembered are not appended again
--
-- A session is {id, started, last, shopper, n acts, acts, n cart lines, cart lines}, packed; lines end in "\n" and are put in the order of
-- their times by the reader, so that the order of arrival does not matter.
local gap, life, most_acts, most_cart = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local sessions, appended = {}, 0

local function drop_oldest(lines, count, most)
  while count > most do
    lines = string.sub(lines, string.find(lines, "\n", 1, true) + 1)
    count = count - 1
  end
  return lines, count
end

for i = 6, #ARGV, 8 do
  local visitor, shopper, at = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local act, cart, seen, id = ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
  if seen == "" or redis.call("SET", seen, id, "NX", "EX", ARGV[5]) then
    local session_id = ""
    if visitor ~= "" then
      local s = sessions[visitor]
      if s == nil then
        local packed = redis.call("GET", "session:" .. visitor)
        s = packed and cmsgpack.unpack(packed) or {"", 0, 0, "", 0, "", 0, ""}
        sessions[visitor] = s
      end
      if s[1] == "" or at > s[3] + gap then
        s[1], s[2], s[3], s[5], s[6] = id, at, at, 0, ""
      end
      -- Later than a gap before the session began: of a session that is over, and no act of this one.
      if at >= s[2] - gap then
        session_id = s[1]
        if at > s[3] then s[3] = at end
        if at < s[2] then s[2] = at end
        if act ~= "" then
          s[6], s[5] = drop_oldest(s[6] .. act, s[5] + 1, most_acts)
        end
      end
      if cart ~= "" then
        local _, lines = string.gsub(cart, "\n", "\n")
        s[8], s[7] = drop_oldest(s[8] .. cart, s[7] + lines, most_cart)
      end
      if shopper == "-" then s[4] = "" elseif shopper ~= "" then s[4] = shopper end
    end
    redis.call("XADD", KEYS[1], "*", "e", ARGV[i + 7], "s", session_id)
    appended = appended + 1
  end
end

for visitor, s in pairs(sessions) do
  redis.call("SET", "session:" .. visitor, cmsgpack.pack(s), "EX", life)
end
return appended
