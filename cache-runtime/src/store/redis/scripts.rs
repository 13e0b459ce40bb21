//! What has to happen in one step on the server, in Lua.
//!
//! Each script touches one slot (the lease's key hashes to the slot of its entry) or one tag, so they run in a
//! cluster too. They are sent whole: at this size that costs the server about a microsecond and only fills pay
//! it, while `EVALSHA` has to handle a script cache that was flushed, or lost with the server.
//!
//! `pcall` where a record may have a type that is not ours: under a name that only the cache makes, garbage counts as
//! empty and is replaced (P8). Names that merely begin with the prefix are not ours, see [`PURGE`] (P10).

use redis::Cmd;

/// A script with the number of its keys.
pub(super) struct Script {
    keys: usize,
    lua: &'static str,
}

impl Script {
    /// The command that runs it; the keys come first, then the other arguments.
    pub(super) fn with(&self, arguments: &[impl AsRef<[u8]>]) -> Cmd {
        let bytes: usize = arguments.iter().map(|argument| argument.as_ref().len()).sum();
        // Room for the command's name and the number of keys.
        let mut command = Cmd::with_capacity(3 + arguments.len(), 8 + self.lua.len() + bytes);
        command.arg("EVAL").arg(self.lua).arg(self.keys);
        for argument in arguments {
            command.arg(argument.as_ref());
        }
        command
    }
}

/// `tag; generation, ms`: gives the tag that generation unless it has one, and keeps it at least that long. 1: it has this one
/// now.
pub(super) const NAME: Script = Script {
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

/// `tag; ms`: keeps the tag at least that long, if it is there.
pub(super) const KEEP: Script = Script {
    keys: 1,
    lua: "\
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left < tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1",
};

/// `entry, lease; head, holder, ms, lapsed ms[, replaces]`. 1: granted; 0: the head is another; text: what stands there.
/// A fill's lease with no more than `lapsed ms` left has lapsed, and is anybody's to have. So is one with more than `ms` left:
/// the server's clock has stepped back.
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

/// `lease; \"L\" + token, ms, lapsed ms`. 1: extended; 0: stands no more.
pub(super) const RENEW: Script = Script {
    keys: 1,
    lua: "\
local held = redis.pcall('GET', KEYS[1])
if type(held) ~= 'string' or string.sub(held, 1, 17) ~= ARGV[1] then return 0 end
if redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[3]) then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1",
};

/// `lease; mark, ms`. 1: the mark stands that long from now on; 0: it stands no more.
pub(super) const EXTEND_MARK: Script = Script {
    keys: 1,
    lua: "\
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1",
};

/// `entry, lease; holder, wire form, ms`. 1: stored; 0: fenced.
pub(super) const COMMIT: Script = Script {
    keys: 2,
    lua: "\
if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1",
};

/// `entry, lease; head, wire form, ms`. 1: stored; 0: the head is another.
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

/// `record; magic, version, ms`: removes an entry of this wire version or an older one that was born before. Its time of
/// birth follows head and digest. Any other record stays, whatever its type (P10): the prefix alone does not make it ours.
pub(super) const PURGE: Script = Script {
    keys: 1,
    lua: "\
local head = redis.pcall('GETRANGE', KEYS[1], 0, 44)
if type(head) ~= 'string' or #head < 45 or string.sub(head, 1, 4) ~= ARGV[1] then return 0 end
if string.byte(head, 5) > tonumber(ARGV[2]) then return 0 end
if struct.unpack('>I8', string.sub(head, 38)) >= tonumber(ARGV[3]) then return 0 end
return redis.call('UNLINK', KEYS[1])",
};

/// `lease, entry; \"L\" + token[, mark, ms]`. The lease goes first, so that it goes even when a full server refuses the mark.
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
