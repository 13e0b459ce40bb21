//! Removes entries that were invalidated, before they expire.

use redis::{cmd, pipe};

use super::{
    RedisStore,
    reply::{all_ok, parse},
    scripts,
};
use crate::{clock::Timestamp, entry::wire, store::StoreError};

/// How many records the server visits in one step: about a millisecond of its time.
const SCAN_COUNT: u32 = 1000;

impl RedisStore {
    pub(super) async fn purge_step(
        &self,
        prefix: &str,
        before: Timestamp,
        cursor: u64,
    ) -> Result<Option<u64>, StoreError> {
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{prefix}[:@]*"));
        let reply = self
            .connection
            .call(scan.arg("COUNT").arg(SCAN_COUNT).take())
            .await?;
        let (next, keys): (u64, Vec<Vec<u8>>) = parse(reply)?;
        let tags = format!("{prefix}:#");
        let (version, before) = (wire::VERSION.to_string(), before.as_millis().to_string());
        let mut commands = pipe();
        for key in keys.iter().filter(|key| !key.starts_with(tags.as_bytes())) {
            commands.add_command(scripts::PURGE.with(&[
                key.as_slice(),
                &wire::MAGIC,
                version.as_bytes(),
                before.as_bytes(),
            ]));
        }
        let connection = self.connection.current()?;
        all_ok(self.connection.call_all(&connection, commands).await?)?;
        Ok((next != 0).then_some(next))
    }
}
