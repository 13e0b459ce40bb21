//! Lua scripts, for what must happen in one step on the server.
//!
//! Each script accesses one slot or one tag, so it also runs in a cluster: the key of a lease hashes to the hash slot of its
//! entry. Scripts are sent whole. At their size that costs the server about a microsecond, in fills only, while `EVALSHA`
//! would have to handle a script cache that was flushed or lost.
//!
//! `pcall` where a record may be of another type: under a key that only the cache makes up, such a record counts as empty and
//! is replaced (P8). Not so under keys that merely begin with the prefix, see [`PURGE`] (P10).

use redis::Cmd;

/// A script and the number of its keys.
pub(super) struct Script {
    keys: usize,
    lua: &'static str,
}

impl Script {
    /// The command that runs the script with these arguments, the keys first.
    pub(super) fn with(&self, arguments: &[impl AsRef<[u8]>]) -> Cmd {
        let bytes: usize = arguments.iter().map(|argument| argument.as_ref().len()).sum();
        // With room for the command's name and the number of keys.
        let mut command = Cmd::with_capacity(3 + arguments.len(), 8 + self.lua.len() + bytes);
        command.arg("EVAL").arg(self.lua).arg(self.keys);
        for argument in arguments {
            command.arg(argument.as_ref());
        }
        command
    }
}

/// `tag; generation, ms`: sets the tag's generation unless it has one, and its TTL to at least `ms`. Returns 1 if the
/// generation was set.
pub(super) const SET_GENERATION: Script = Script {
    keys: 1,
    lua: "\
local now = redis.pcall('GET', KEYS[1])
if type(now) == 'string' and #now == 16 then
  local left = redis.call('PTTL', KEYS[1])
  if left >= 0 and left < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1",
};

/// `tag; ms`: sets the tag's TTL to at least `ms`, if the tag exists. Returns 1.
pub(super) const EXTEND_TAG: Script = Script {
    keys: 1,
    lua: "\
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left < tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1",
};

/// `entry, lease; head, holder, ms, expired ms[, replaces]`: grants the lease. Returns 1 if it was granted, 0 if the entry has
/// another head, or else the record of its holder.
///
/// A fill's lease whose record has a TTL of `expired ms` or less has expired and may be taken over. So may one with more than
/// `ms`: the server's clock has stepped back.
pub(super) const LEASE: Script = Script {
    keys: 2,
    lua: "\
local head = redis.pcall('GETRANGE', KEYS[1], 0, 20)
if type(head) ~= 'string' then head = '' end
if head ~= ARGV[1] then return 0 end
local held = redis.pcall('GET', KEYS[2])
if type(held) == 'table' then held = '' end
if held and held ~= ARGV[5] then
  local is_fill = #held == 49 and string.sub(held, 1, 1) == 'L'
  local left = redis.call('PTTL', KEYS[2])
  if not is_fill or (left > tonumber(ARGV[4]) and left <= tonumber(ARGV[3])) then return held end
end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1",
};

/// `lease; "L" + token, ms, expired ms`: renews the lease. Returns 1 if the token still has it.
pub(super) const RENEW: Script = Script {
    keys: 1,
    lua: "\
local held = redis.pcall('GET', KEYS[1])
if type(held) ~= 'string' or string.sub(held, 1, 17) ~= ARGV[1] then return 0 end
if redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[3]) then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1",
};

/// `lease; mark, ms`: sets the mark's TTL. Returns 1 if the slot has the mark.
pub(super) const EXTEND_MARK: Script = Script {
    keys: 1,
    lua: "\
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1",
};

/// `entry, lease; holder, wire format, ms`: stores the entry and ends the lease. Returns 1, or 0 if the fill is fenced.
pub(super) const COMMIT: Script = Script {
    keys: 2,
    lua: "\
if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1",
};

/// `entry, lease; head, wire format, ms`: stores the entry and ends the lease of any holder. Returns 1, or 0 if the entry has
/// another head.
pub(super) const WRITE: Script = Script {
    keys: 2,
    lua: "\
local head = redis.pcall('GETRANGE', KEYS[1], 0, 20)
if type(head) ~= 'string' then head = '' end
if head ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1",
};

/// `record; magic, version, ms`: removes an entry of this wire version or an older one that was created before `ms`, which
/// follows head and digest. Any other record is left alone, whatever its type (P10): its key only begins with the prefix.
pub(super) const PURGE: Script = Script {
    keys: 1,
    lua: "\
local head = redis.pcall('GETRANGE', KEYS[1], 0, 44)
if type(head) ~= 'string' or #head < 45 or string.sub(head, 1, 4) ~= ARGV[1] then return 0 end
if string.byte(head, 5) > tonumber(ARGV[2]) then return 0 end
if struct.unpack('>I8', string.sub(head, 38)) >= tonumber(ARGV[3]) then return 0 end
return redis.call('UNLINK', KEYS[1])",
};

/// `lease, entry; "L" + token[, mark, ms]`: ends the lease, and sets the mark. Returns 1 if the token had the lease. The lease
/// is removed first, so that it ends even if a full server rejects the mark.
pub(super) const RELEASE: Script = Script {
    keys: 2,
    lua: "\
local held = redis.pcall('GET', KEYS[1])
if type(held) ~= 'string' or string.sub(held, 1, 17) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[2] == 'P' then redis.call('DEL', KEYS[2]) end
if ARGV[2] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1",
};
