-- Append events to the stream and bring the sessions of their visitors up to date: atomic, one round trip.
--
-- KEYS[1]  the stream
-- ARGV     gap (ms), life of a session's key (s), most acts (of this session, and of those before), most cart lines, life of a
--          remembered message id (s), most events and most bytes (passed by one event at most) of an entry; then eight per event:
--          visitor, shopper ("-": logged out, "=ID": vouched for, "~ID": a browser's own word, ".ID": says nothing of who is there now),
--          time (ms), act line, cart lines, key that remembers the message id, event id, body
-- returns  the number of events appended; those whose message id is remembered are not appended again
--
-- An entry of the stream holds many events: "e" their bodies and "s" their session ids, line by line (JSON has no line break of its
-- own), because what an entry costs on its way through every group is far more than what it holds.
--
-- A session is {id, started, last, shopper, n acts, acts, n cart lines, cart lines, n earlier acts, earlier acts}, packed; lines end in
-- "\n" and are put in the order of their times by the reader, so that the order of arrival does not matter. Earlier acts are of sessions
-- that are over. Who logs out, or is followed by somebody else, leaves nothing to the next: neither acts nor cart nor purchases.
local gap, life, most_acts, most_cart = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local most_events, most_bytes = tonumber(ARGV[6]), tonumber(ARGV[7])
local sessions, appended = {}, 0
local bodies, ids, bytes = {}, {}, 0

local function write_entry()
  redis.call("XADD", KEYS[1], "*", "e", table.concat(bodies, "\n"), "s", table.concat(ids, "\n"))
  bodies, ids, bytes = {}, {}, 0
end

local function drop_oldest(lines, count, most)
  while count > most do
    lines = string.sub(lines, string.find(lines, "\n", 1, true) + 1)
    count = count - 1
  end
  return lines, count
end

local function nobody()
  return {"", 0, 0, "", 0, "", 0, "", 0, ""}
end

for i = 8, #ARGV, 8 do
  local visitor, shopper, at = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local act, cart, seen, id = ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
  if seen == "" or redis.call("SET", seen, id, "NX", "EX", ARGV[5]) then
    local session_id = ""
    if visitor ~= "" then
      local s = sessions[visitor]
      if s == nil then
        local packed = redis.call("GET", "session:" .. visitor)
        s = packed and cmsgpack.unpack(packed) or nobody()
        sessions[visitor] = s
      end
      -- What a browser says of itself opens nobody's history, and closes the one of whoever was there before.
      local mark, named = string.sub(shopper, 1, 1), string.sub(shopper, 2)
      -- What became of an order, whenever and by whomever: it takes back what the one bought who is there, and nobody came or went.
      local elsewhere = mark == "."
      if elsewhere and s[1] ~= "" and cart ~= "" and (s[4] == "" or named == "" or named == s[4]) then
        local _, lines = string.gsub(cart, "\n", "\n")
        s[8], s[7] = drop_oldest(s[8] .. cart, s[7] + lines, most_cart)
      end
      local other = s[4] ~= "" and (mark == "=" or mark == "~") and named ~= s[4]
      if other and at >= s[2] then
        s, other = nobody(), false
        sessions[visitor] = s
      end
      local started = s[2]
      -- What is told late of somebody else is of a session that is over, and none of what is known of who is there now.
      if not (other or elsewhere) then
        if s[1] == "" or at > s[3] + gap then
          s[10], s[9] = drop_oldest((s[10] or "") .. s[6], (s[9] or 0) + s[5], most_acts)
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
        elseif act ~= "" then
          s[10], s[9] = drop_oldest((s[10] or "") .. act, (s[9] or 0) + 1, most_acts)
        end
        if cart ~= "" then
          local _, lines = string.gsub(cart, "\n", "\n")
          s[8], s[7] = drop_oldest(s[8] .. cart, s[7] + lines, most_cart)
        end
        if mark == "=" then s[4] = named end
        if mark == "-" and at >= started then
          sessions[visitor] = nobody()
        elseif mark == "-" then
          s[4], s[9], s[10] = "", 0, ""
        end
      end
    end
    bodies[#bodies + 1], ids[#ids + 1] = ARGV[i + 7], session_id
    bytes, appended = bytes + #ARGV[i + 7], appended + 1
    if #bodies >= most_events or bytes >= most_bytes then write_entry() end
  end
end

if #bodies > 0 then write_entry() end
for visitor, s in pairs(sessions) do
  if s[1] == "" then
    redis.call("DEL", "session:" .. visitor)
  else
    redis.call("SET", "session:" .. visitor, cmsgpack.pack(s), "EX", life)
  end
end
return appended
