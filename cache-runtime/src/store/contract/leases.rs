//! At most one fill holds a slot, and only it may commit.

use super::*;
use crate::store::{HIT_FOR_MISS_TTL, LEASE_TTL, Mark, MemoryStore};

checks![
    lease_names_the_tags,
    entry_is_found_while_another_is_made_to_replace_it,
    lease_is_granted_once,
    of_many_askers_one_is_granted,
    lease_on_another_head_is_changed,
    lease_on_tags_named_since_is_changed,
    commit_needs_the_standing_lease,
    release_ends_only_its_own_lease,
    mark_takes_the_place_of_the_lease,
    holder_is_replaced_only_when_it_is_the_one_named,
    replaced_fill_is_fenced,
    renew_needs_the_standing_lease,
    renewed_lease_stands_longer,
    lease_lapses,
    mark_lapses,
    kept_mark_stands_longer,
    only_the_mark_that_stands_is_kept,
];

async fn lease_names_the_tags(bench: &Bench) {
    let slot = bench.slot(["root", "handler"]);
    let grant = bench.grant(&slot).await;
    let generations: Option<Vec<_>> = bench.missing(&slot).await.generations.into_iter().collect();
    let generations = generations.expect("each tag has a generation from the lease on");
    assert_ne!(generations[0], generations[1]);
    assert_eq!(grant.digest, slot.digest(generations.iter().copied()));

    let beside = bench.beside(&slot);
    let other = bench.grant(&beside).await;
    assert_eq!(
        other.digest, grant.digest,
        "the next lease finds them and keeps them"
    );
}

async fn entry_is_found_while_another_is_made_to_replace_it(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let old = bench.fill(&slot, "old").await;
    let read = bench.read(&slot).await;
    let request = LeaseRequest {
        token: Token::new(),
        snapshot: read.snapshot,
        replaces: None,
    };
    let LeaseOutcome::Granted(grant) = bench.lease(&slot, &request).await else {
        panic!("a hit names the head and the generations that a lease needs");
    };
    assert_eq!(bench.found(&slot).await, Some(old));
    let new = bench.entry("new", Duration::from_secs(3600));
    assert_eq!(bench.commit(&slot, grant, &new).await, CommitOutcome::Stored);
    assert_eq!(bench.found(&slot).await, Some(new));
}

async fn lease_is_granted_once(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let grant = bench.grant(&slot).await;
    let request = bench.request(&slot).await;
    let held = Holder::Fill(grant);
    assert_eq!(
        bench.lease(&slot, &request).await,
        LeaseOutcome::Held(held.clone())
    );
    let there = bench.there.lease(&slot, &request).await.expect("lease answers");
    assert_eq!(there, LeaseOutcome::Held(held.clone()));
    assert_eq!(bench.holder(&slot).await, Some(held));
}

async fn of_many_askers_one_is_granted(bench: &Bench) {
    let slot = bench.slot(["root", "handler"]);
    let request = bench.request(&slot).await;
    let asks: Vec<_> = (0..32)
        .map(|_| LeaseRequest {
            token: Token::new(),
            ..request.clone()
        })
        .collect();
    let stores = [&bench.here, &bench.there].into_iter().cycle();
    let leases = asks
        .iter()
        .zip(stores)
        .map(|(request, store)| store.lease(&slot, request));
    let mut granted = Vec::new();
    for leased in join_all(leases).await {
        match leased.expect("lease answers") {
            LeaseOutcome::Granted(grant) => granted.push(grant),
            LeaseOutcome::Held(_) | LeaseOutcome::Conflict => {}
        }
    }
    assert!(granted.len() <= 1, "granted to {granted:?}");
    if let [grant] = granted[..] {
        assert_eq!(bench.holder(&slot).await, Some(Holder::Fill(grant)));
    }
}

async fn lease_on_another_head_is_changed(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let before = bench.request(&slot).await;
    bench.fill(&slot, "meanwhile").await;
    assert_eq!(bench.lease(&slot, &before).await, LeaseOutcome::Conflict);
    assert_eq!(bench.holder(&slot).await, None, "nothing was granted");
}

async fn lease_on_tags_named_since_is_changed(bench: &Bench) {
    let slot = bench.slot(["root", "handler"]);
    let before = bench.request(&slot).await;
    bench.grant(&bench.beside(&slot)).await;
    assert_eq!(bench.lease(&slot, &before).await, LeaseOutcome::Conflict);
    assert_eq!(bench.holder(&slot).await, None, "nothing is left standing");
    let entry = bench.fill(&slot, "after reading again").await;
    assert_eq!(bench.found(&slot).await, Some(entry));
}

async fn commit_needs_the_standing_lease(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let entry = bench.entry("fenced", Duration::from_secs(3600));
    let grant = bench.grant(&slot).await;

    let stranger = Grant {
        token: Token::new(),
        ..grant
    };
    assert_eq!(bench.commit(&slot, stranger, &entry).await, CommitOutcome::Fenced);
    bench.missing(&slot).await;
    assert_eq!(bench.holder(&slot).await, Some(Holder::Fill(grant)));

    let released = bench.here.release(&slot, grant.token, None).await;
    released.expect("release answers");
    assert_eq!(bench.commit(&slot, grant, &entry).await, CommitOutcome::Fenced);
    bench.missing(&slot).await;

    let grant = bench.grant(&slot).await;
    let first = bench.entry("first", Duration::from_secs(3600));
    assert_eq!(bench.commit(&slot, grant, &first).await, CommitOutcome::Stored);
    assert_eq!(bench.commit(&slot, grant, &entry).await, CommitOutcome::Fenced);
    assert_eq!(
        bench.found(&slot).await,
        Some(first),
        "a lease is good for one commit"
    );
}

async fn release_ends_only_its_own_lease(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let grant = bench.grant(&slot).await;
    for mark in [None, Some((Mark::HitForMiss, HIT_FOR_MISS_TTL))] {
        let stranger = bench.there.release(&slot, Token::new(), mark).await;
        stranger.expect("release answers");
        assert_eq!(bench.holder(&slot).await, Some(Holder::Fill(grant)));
    }
    for _ in 0..2 {
        let own = bench.here.release(&slot, grant.token, None).await;
        own.expect("release answers, also the second time");
        assert_eq!(bench.holder(&slot).await, None);
    }
    bench.fill(&slot, "the slot is free").await;
}

async fn mark_takes_the_place_of_the_lease(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let grant = bench.grant(&slot).await;
    let marked = bench
        .here
        .release(&slot, grant.token, Some((Mark::HitForMiss, HIT_FOR_MISS_TTL)))
        .await;
    marked.expect("release answers");
    let mark = Holder::Mark(Mark::HitForMiss);
    assert_eq!(bench.holder(&slot).await, Some(mark.clone()));
    let request = bench.request(&slot).await;
    assert_eq!(bench.lease(&slot, &request).await, LeaseOutcome::Held(mark));
    let entry = bench.entry("passed", Duration::from_secs(3600));
    assert_eq!(bench.commit(&slot, grant, &entry).await, CommitOutcome::Fenced);
}

async fn holder_is_replaced_only_when_it_is_the_one_named(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let grant = bench.grant(&slot).await;
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
            ..bench.request(&slot).await
        };
        assert_eq!(
            bench.lease(&slot, &request).await,
            LeaseOutcome::Held(Holder::Fill(grant))
        );
    }
    let marked = bench
        .here
        .release(&slot, grant.token, Some((Mark::HitForMiss, HIT_FOR_MISS_TTL)))
        .await;
    marked.expect("release answers");
    let request = LeaseRequest {
        replaces: Some(Holder::Mark(Mark::HitForMiss)),
        ..bench.request(&slot).await
    };
    let granted = bench.lease(&slot, &request).await;
    assert!(matches!(granted, LeaseOutcome::Granted(_)), "{granted:?}");
}

async fn replaced_fill_is_fenced(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let old = bench.grant(&slot).await;
    let request = LeaseRequest {
        replaces: Some(Holder::Fill(old)),
        ..bench.request(&slot).await
    };
    let LeaseOutcome::Granted(new) = bench.lease(&slot, &request).await else {
        panic!("the holder that was named is replaced");
    };
    let late = bench.entry("late", Duration::from_secs(3600));
    assert_eq!(bench.commit(&slot, old, &late).await, CommitOutcome::Fenced);
    assert!(!bench.here.renew(&slot, old.token).await.expect("renew answers"));
    bench
        .here
        .release(&slot, old.token, None)
        .await
        .expect("release answers");
    assert_eq!(bench.holder(&slot).await, Some(Holder::Fill(new)));
    let entry = bench.entry("new", Duration::from_secs(3600));
    assert_eq!(bench.commit(&slot, new, &entry).await, CommitOutcome::Stored);
    assert_eq!(bench.found(&slot).await, Some(entry));
}

async fn renew_needs_the_standing_lease(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let renew = async |token| bench.here.renew(&slot, token).await.expect("renew answers");
    assert!(!renew(Token::new()).await, "there is none");
    let grant = bench.grant(&slot).await;
    assert!(renew(grant.token).await);
    assert!(!renew(Token::new()).await, "it is another's");
    assert_eq!(bench.holder(&slot).await, Some(Holder::Fill(grant)));
    bench
        .here
        .release(&slot, grant.token, None)
        .await
        .expect("release answers");
    assert!(!renew(grant.token).await, "it is over");
    assert_eq!(
        bench.holder(&slot).await,
        None,
        "renewing never brings a lease back"
    );
}

async fn renewed_lease_stands_longer(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let grant = bench.grant(&slot).await;
    // What real time would have to pass is not waited for.
    if let Time::Manual(clock) = &bench.time {
        for _ in 0..4 {
            clock.advance(LEASE_TTL * 3 / 4);
            assert!(bench.here.renew(&slot, grant.token).await.expect("renew answers"));
        }
    }
    assert_eq!(bench.holder(&slot).await, Some(Holder::Fill(grant)));
}

async fn lease_lapses(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let grant = bench.grant(&slot).await;
    // In memory leases stand longer, for nobody renews them.
    let lapse = match bench.time {
        Time::Real => LEASE_TTL,
        Time::Manual(_) => MemoryStore::LEASE_TTL,
    };
    bench
        .after(lapse, "a lease outlives its holder", async || {
            bench.holder(&slot).await.is_none()
        })
        .await;
    assert!(!bench.here.renew(&slot, grant.token).await.expect("renew answers"));
    // From here on it is another's to have; until then a store may still take what was made under it.
    let other = bench.grant(&slot).await;
    let late = bench.entry("too late", Duration::from_secs(3600));
    assert_eq!(bench.commit(&slot, grant, &late).await, CommitOutcome::Fenced);
    let entry = bench.entry("by another", Duration::from_secs(3600));
    assert_eq!(bench.commit(&slot, other, &entry).await, CommitOutcome::Stored);
}

async fn mark_lapses(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let grant = bench.grant(&slot).await;
    let marked = bench
        .here
        .release(&slot, grant.token, Some((Mark::HitForMiss, HIT_FOR_MISS_TTL)))
        .await;
    marked.expect("release answers");
    bench
        .after(HIT_FOR_MISS_TTL, "a mark stands for ever", async || {
            bench.holder(&slot).await.is_none()
        })
        .await;
    bench.fill(&slot, "stored again").await;
}

async fn kept_mark_stands_longer(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let grant = bench.grant(&slot).await;
    let mark = Some((Mark::HitForMiss, HIT_FOR_MISS_TTL));
    bench
        .here
        .release(&slot, grant.token, mark)
        .await
        .expect("release answers");
    if let Time::Manual(clock) = &bench.time {
        for _ in 0..4 {
            clock.advance(HIT_FOR_MISS_TTL * 3 / 4);
            let kept = bench
                .here
                .extend_mark(&slot, Mark::HitForMiss, HIT_FOR_MISS_TTL)
                .await;
            kept.expect("extend_mark answers");
        }
    } else {
        let kept = bench
            .here
            .extend_mark(&slot, Mark::HitForMiss, HIT_FOR_MISS_TTL * 1000)
            .await;
        kept.expect("extend_mark answers");
    }
    assert_eq!(bench.holder(&slot).await, Some(Holder::Mark(Mark::HitForMiss)));
}

async fn only_the_mark_that_stands_is_kept(bench: &Bench) {
    let slot = bench.slot(["root"]);
    let keep = async |mark| {
        let kept = bench.here.extend_mark(&slot, mark, HIT_FOR_MISS_TTL).await;
        kept.expect("extend_mark answers");
    };
    keep(Mark::HitForMiss).await;
    assert_eq!(bench.holder(&slot).await, None, "keeping a mark makes none");
    let grant = bench.grant(&slot).await;
    keep(Mark::HitForMiss).await;
    assert_eq!(bench.holder(&slot).await, Some(Holder::Fill(grant)));
    let mark = Some((Mark::FailureBackoff, HIT_FOR_MISS_TTL));
    bench
        .here
        .release(&slot, grant.token, mark)
        .await
        .expect("release answers");
    keep(Mark::HitForMiss).await;
    assert_eq!(
        bench.holder(&slot).await,
        Some(Holder::Mark(Mark::FailureBackoff))
    );
}
