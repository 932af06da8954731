//! Random scripts against the twin, and against the durable store.

use super::*;
use proptest::prelude::*;

/// Half-hours from Tuesday 2021-01-05; every eighth event or so is exactly at noon.
fn scripts() -> impl Strategy<Value = String> {
    let time = prop_oneof![
        6 => (0_i64..12).prop_map(|step| (step * 1_800_000, false)),
        2 => Just((0, true)),
    ];
    let event = (
        time,
        0_usize..20,
        0_usize..5,
        0_usize..4,
        0_u32..3,
        any::<u8>(),
    );
    proptest::collection::vec(event, 1..60).prop_map(|events| {
        let mut now = instant("2021-01-05T06:00:00Z").unwrap();
        let mut script = String::new();
        for (number, ((step, to_noon), kind, file, policy, priority, odd)) in
            events.into_iter().enumerate()
        {
            now += step;
            if to_noon {
                now += (43_200_000 - now).rem_euclid(86_400_000) - i64::from(odd % 2);
            }
            let at = rfc3339(now);
            let tenant = if odd % 5 == 0 { "u" } else { "t" };
            let app = if odd % 7 == 0 { "drive" } else { "box" };
            let policies = [Value::Null, json!("p"), json!("q"), json!("r")];
            let name = policies[policy.max(1)].clone();
            let event = match kind {
                0..10 => json!({
                    "at": at, "op": "submit", "task": format!("{number}"), "tenant": tenant,
                    "app": app, "file": format!("f{file}"), "policy": policies[policy],
                    "label_priority": priority,
                }),
                10 | 11 => {
                    let task = usize::from(odd) % (number + 1);
                    json!({"at": at, "op": "cancel", "task": format!("{task}")})
                }
                12 => json!({"at": at, "op": "disable_policy", "policy": name}),
                13 | 14 => json!({"at": at, "op": "enable_policy", "policy": name}),
                15 if odd % 4 == 0 => json!({"at": at, "op": "delete_policy", "policy": name}),
                16 | 17 => json!({"at": at, "op": "restart"}),
                _ => json!({
                    "at": at, "op": "set_limit", "tenant": tenant, "app": app,
                    "limit": odd % 4,
                }),
            };
            script += &format!("{event}\n");
        }
        script
    })
}

fn options() -> impl Strategy<Value = Options> {
    let until = proptest::option::of(0_i64..240);
    (any::<bool>(), any::<bool>(), until).prop_map(|(by_window, counts_manual, until)| Options {
        day: if by_window {
            DayReading::Window
        } else {
            DayReading::Calendar
        },
        counts_manual,
        until: until.map(|hours| instant("2021-01-05T06:00:00Z").unwrap() + hours * 3_600_000),
        store: StoreKind::Memory,
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn r_155_the_twin_says_the_same_of_any_script(script in scripts(), options in options()) {
        prop_assert_eq!(play(&script, options), twin(&script, options), "\n{}", script);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn r_160_the_durable_store_says_the_same_of_any_script(
        script in scripts(),
        options in options(),
    ) {
        let durable = Options { store: StoreKind::Sqlite, ..options };
        prop_assert_eq!(play(&script, durable), play(&script, options), "\n{}", script);
    }
}
