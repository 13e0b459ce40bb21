//! A mark takes the place of a lease, until it expires.

use super::{
    Time, checks,
    fixture::{Fixture, HOUR},
};
use crate::store::{CommitOutcome, HIT_FOR_MISS_TTL, Holder, LeaseOutcome, Mark};

checks![
    mark_takes_the_place_of_the_lease,
    mark_expires,
    extended_mark_lives_longer,
    only_the_current_mark_is_extended,
];

async fn mark_takes_the_place_of_the_lease(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let grant = fixture.grant(&slot).await;
    fixture
        .release(&slot, grant.token, Some((Mark::HitForMiss, HIT_FOR_MISS_TTL)))
        .await;
    let mark = Holder::Mark(Mark::HitForMiss);
    assert_eq!(fixture.holder(&slot).await, Some(mark.clone()));
    let request = fixture.lease_request(&slot).await;
    assert_eq!(fixture.lease(&slot, &request).await, LeaseOutcome::Held(mark));
    let entry = fixture.entry("not stored", HOUR);
    assert_eq!(fixture.commit(&slot, grant, &entry).await, CommitOutcome::Fenced);
}

async fn mark_expires(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let grant = fixture.grant(&slot).await;
    fixture
        .release(&slot, grant.token, Some((Mark::HitForMiss, HIT_FOR_MISS_TTL)))
        .await;
    fixture
        .assert_expires(HIT_FOR_MISS_TTL, async || fixture.holder(&slot).await.is_none())
        .await;
    fixture.fill(&slot, "stored again").await;
}

async fn extended_mark_lives_longer(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let grant = fixture.grant(&slot).await;
    let mark = Some((Mark::HitForMiss, HIT_FOR_MISS_TTL));
    fixture.release(&slot, grant.token, mark).await;
    let extend = async |ttl| {
        let extended = fixture.here.extend_mark(&slot, Mark::HitForMiss, ttl).await;
        extended.expect("extend_mark answers");
    };
    match &fixture.time {
        Time::Manual(clock) => {
            for _ in 0..4 {
                clock.advance(HIT_FOR_MISS_TTL * 3 / 4);
                extend(HIT_FOR_MISS_TTL).await;
            }
        }
        Time::Real => extend(HIT_FOR_MISS_TTL * 1000).await,
    }
    assert_eq!(fixture.holder(&slot).await, Some(Holder::Mark(Mark::HitForMiss)));
}

async fn only_the_current_mark_is_extended(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let extend = async |mark| {
        let extended = fixture.here.extend_mark(&slot, mark, HIT_FOR_MISS_TTL).await;
        extended.expect("extend_mark answers");
    };
    extend(Mark::HitForMiss).await;
    assert_eq!(
        fixture.holder(&slot).await,
        None,
        "extending a mark does not set one"
    );
    let grant = fixture.grant(&slot).await;
    extend(Mark::HitForMiss).await;
    assert_eq!(fixture.holder(&slot).await, Some(Holder::Fill(grant)));
    let mark = Some((Mark::FailureBackoff, HIT_FOR_MISS_TTL));
    fixture.release(&slot, grant.token, mark).await;
    extend(Mark::HitForMiss).await;
    assert_eq!(
        fixture.holder(&slot).await,
        Some(Holder::Mark(Mark::FailureBackoff))
    );
}
