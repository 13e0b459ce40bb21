//! A slot has one lease at most, and only its fill commits.

use futures_util::future::join_all;

use super::{
    Time, checks,
    fixture::{Fixture, HOUR},
};
use crate::{
    slot::{Grant, Token},
    store::{
        CommitOutcome, HIT_FOR_MISS_TTL, Holder, LEASE_TTL, LeaseOutcome, LeaseRequest, Mark, MemoryStore,
    },
};

checks![
    lease_gives_the_tags_generations,
    entry_is_found_while_a_fill_replaces_it,
    lease_is_granted_once,
    one_of_many_requests_is_granted,
    lease_after_another_fill_conflicts,
    lease_after_tags_got_generations_conflicts,
    commit_requires_the_lease,
    release_ends_only_its_own_lease,
    holder_is_replaced_only_if_the_request_names_it,
    replaced_fill_is_fenced,
    renew_requires_the_lease,
    renewed_lease_lives_longer,
    lease_expires,
];

async fn lease_gives_the_tags_generations(fixture: &Fixture) {
    let slot = fixture.slot(["root", "handler"]);
    let grant = fixture.grant(&slot).await;
    let generations: Option<Vec<_>> = fixture
        .assert_missing(&slot)
        .await
        .generations
        .into_iter()
        .collect();
    let generations = generations.expect("a lease gives each tag a generation");
    assert_ne!(generations[0], generations[1]);
    assert_eq!(grant.digest, slot.digest(generations.iter().copied()));

    let sibling = fixture.sibling(&slot);
    let other = fixture.grant(&sibling).await;
    assert_eq!(other.digest, grant.digest, "the next lease keeps them");
}

async fn entry_is_found_while_a_fill_replaces_it(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let old = fixture.fill(&slot, "old").await;
    let read = fixture.read(&slot).await;
    let request = LeaseRequest {
        token: Token::new(),
        snapshot: read.snapshot,
        replaces: None,
    };
    let LeaseOutcome::Granted(grant) = fixture.lease(&slot, &request).await else {
        panic!("a hit has the snapshot that a lease requires");
    };
    assert_eq!(fixture.found(&slot).await, Some(old));
    let new = fixture.entry("new", HOUR);
    assert_eq!(fixture.commit(&slot, grant, &new).await, CommitOutcome::Stored);
    assert_eq!(fixture.found(&slot).await, Some(new));
}

async fn lease_is_granted_once(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let grant = fixture.grant(&slot).await;
    let request = fixture.lease_request(&slot).await;
    let held = Holder::Fill(grant);
    assert_eq!(
        fixture.lease(&slot, &request).await,
        LeaseOutcome::Held(held.clone())
    );
    let there = fixture.there.lease(&slot, &request).await.expect("lease answers");
    assert_eq!(there, LeaseOutcome::Held(held.clone()));
    assert_eq!(fixture.holder(&slot).await, Some(held));
}

async fn one_of_many_requests_is_granted(fixture: &Fixture) {
    let slot = fixture.slot(["root", "handler"]);
    let request = fixture.lease_request(&slot).await;
    let requests: Vec<_> = (0..32)
        .map(|_| LeaseRequest {
            token: Token::new(),
            ..request.clone()
        })
        .collect();
    let stores = [&fixture.here, &fixture.there].into_iter().cycle();
    let leases = requests
        .iter()
        .zip(stores)
        .map(|(request, store)| store.lease(&slot, request));
    let mut granted = Vec::new();
    for outcome in join_all(leases).await {
        match outcome.expect("lease answers") {
            LeaseOutcome::Granted(grant) => granted.push(grant),
            LeaseOutcome::Held(_) | LeaseOutcome::Conflict => {}
        }
    }
    assert!(granted.len() <= 1, "granted to {granted:?}");
    if let [grant] = granted[..] {
        assert_eq!(fixture.holder(&slot).await, Some(Holder::Fill(grant)));
    }
}

async fn lease_after_another_fill_conflicts(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let before = fixture.lease_request(&slot).await;
    fixture.fill(&slot, "meanwhile").await;
    assert_eq!(fixture.lease(&slot, &before).await, LeaseOutcome::Conflict);
    assert_eq!(fixture.holder(&slot).await, None, "nothing was granted");
}

async fn lease_after_tags_got_generations_conflicts(fixture: &Fixture) {
    let slot = fixture.slot(["root", "handler"]);
    let before = fixture.lease_request(&slot).await;
    fixture.grant(&fixture.sibling(&slot)).await;
    assert_eq!(fixture.lease(&slot, &before).await, LeaseOutcome::Conflict);
    assert_eq!(fixture.holder(&slot).await, None, "no lease was granted");
    let entry = fixture.fill(&slot, "after reading again").await;
    assert_eq!(fixture.found(&slot).await, Some(entry));
}

async fn commit_requires_the_lease(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let entry = fixture.entry("fenced", HOUR);
    let grant = fixture.grant(&slot).await;

    let stranger = Grant {
        token: Token::new(),
        ..grant
    };
    assert_eq!(
        fixture.commit(&slot, stranger, &entry).await,
        CommitOutcome::Fenced
    );
    fixture.assert_missing(&slot).await;
    assert_eq!(fixture.holder(&slot).await, Some(Holder::Fill(grant)));

    fixture.release(&slot, grant.token, None).await;
    assert_eq!(fixture.commit(&slot, grant, &entry).await, CommitOutcome::Fenced);
    fixture.assert_missing(&slot).await;

    let grant = fixture.grant(&slot).await;
    let first = fixture.entry("first", HOUR);
    assert_eq!(fixture.commit(&slot, grant, &first).await, CommitOutcome::Stored);
    assert_eq!(fixture.commit(&slot, grant, &entry).await, CommitOutcome::Fenced);
    assert_eq!(
        fixture.found(&slot).await,
        Some(first),
        "a lease allows one commit"
    );
}

async fn release_ends_only_its_own_lease(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let grant = fixture.grant(&slot).await;
    for mark in [None, Some((Mark::HitForMiss, HIT_FOR_MISS_TTL))] {
        let stranger = fixture.there.release(&slot, Token::new(), mark).await;
        stranger.expect("release answers");
        assert_eq!(fixture.holder(&slot).await, Some(Holder::Fill(grant)));
    }
    for _ in 0..2 {
        fixture.release(&slot, grant.token, None).await;
        assert_eq!(fixture.holder(&slot).await, None);
    }
    fixture.fill(&slot, "filled after the release").await;
}

async fn holder_is_replaced_only_if_the_request_names_it(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let grant = fixture.grant(&slot).await;
    let other = Grant {
        token: Token::new(),
        ..grant
    };
    for wrong in [
        Holder::Fill(other),
        Holder::Mark(Mark::HitForMiss),
        Holder::Unknown(Vec::new()),
    ] {
        let request = LeaseRequest {
            replaces: Some(wrong),
            ..fixture.lease_request(&slot).await
        };
        assert_eq!(
            fixture.lease(&slot, &request).await,
            LeaseOutcome::Held(Holder::Fill(grant))
        );
    }
    fixture
        .release(&slot, grant.token, Some((Mark::HitForMiss, HIT_FOR_MISS_TTL)))
        .await;
    let request = LeaseRequest {
        replaces: Some(Holder::Mark(Mark::HitForMiss)),
        ..fixture.lease_request(&slot).await
    };
    let granted = fixture.lease(&slot, &request).await;
    assert!(matches!(granted, LeaseOutcome::Granted(_)), "{granted:?}");
}

async fn replaced_fill_is_fenced(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let old = fixture.grant(&slot).await;
    let request = LeaseRequest {
        replaces: Some(Holder::Fill(old)),
        ..fixture.lease_request(&slot).await
    };
    let LeaseOutcome::Granted(new) = fixture.lease(&slot, &request).await else {
        panic!("the holder is replaced");
    };
    let late = fixture.entry("late", HOUR);
    assert_eq!(fixture.commit(&slot, old, &late).await, CommitOutcome::Fenced);
    assert!(!fixture.renew(&slot, old.token).await);
    fixture.release(&slot, old.token, None).await;
    assert_eq!(fixture.holder(&slot).await, Some(Holder::Fill(new)));
    let entry = fixture.entry("new", HOUR);
    assert_eq!(fixture.commit(&slot, new, &entry).await, CommitOutcome::Stored);
    assert_eq!(fixture.found(&slot).await, Some(entry));
}

async fn renew_requires_the_lease(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let renew = async |token| fixture.renew(&slot, token).await;
    assert!(!renew(Token::new()).await, "there is no lease");
    let grant = fixture.grant(&slot).await;
    assert!(renew(grant.token).await);
    assert!(!renew(Token::new()).await, "the lease has another token");
    assert_eq!(fixture.holder(&slot).await, Some(Holder::Fill(grant)));
    fixture.release(&slot, grant.token, None).await;
    assert!(!renew(grant.token).await, "the lease was released");
    assert_eq!(
        fixture.holder(&slot).await,
        None,
        "renewing does not restore a lease"
    );
}

async fn renewed_lease_lives_longer(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let grant = fixture.grant(&slot).await;
    // By the real clock this would take several TTLs.
    if let Time::Manual(clock) = &fixture.time {
        for _ in 0..4 {
            clock.advance(LEASE_TTL * 3 / 4);
            assert!(fixture.renew(&slot, grant.token).await);
        }
    }
    assert_eq!(fixture.holder(&slot).await, Some(Holder::Fill(grant)));
}

async fn lease_expires(fixture: &Fixture) {
    let slot = fixture.slot(["root"]);
    let grant = fixture.grant(&slot).await;
    // The memory store has a longer TTL, because nobody renews its leases.
    let ttl = match fixture.time {
        Time::Real => LEASE_TTL,
        Time::Manual(_) => MemoryStore::LEASE_TTL,
    };
    fixture
        .assert_expires(ttl, async || fixture.holder(&slot).await.is_none())
        .await;
    assert!(!fixture.renew(&slot, grant.token).await);
    // Until another fill takes over, a store may still accept the commit of an expired lease.
    let other = fixture.grant(&slot).await;
    let late = fixture.entry("too late", HOUR);
    assert_eq!(fixture.commit(&slot, grant, &late).await, CommitOutcome::Fenced);
    let entry = fixture.entry("by another fill", HOUR);
    assert_eq!(fixture.commit(&slot, other, &entry).await, CommitOutcome::Stored);
}
