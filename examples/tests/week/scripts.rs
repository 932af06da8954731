//! Wrong events, the end of a script, and the command.

use super::*;

#[test]
fn events_that_are_errors_are_named_and_the_script_goes_on() {
    let good = script(&["05T09:00:00 submit a f1 p"]);
    let bad = [
        "no JSON",
        "[1]",
        "{\"op\":\"restart\"}",
        "{\"at\":\"yesterday\",\"op\":\"restart\"}",
        "{\"at\":7,\"op\":\"restart\"}",
        "{\"at\":\"2021-01-05T09:00:00\",\"op\":\"restart\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"dance\"}",
        "{\"at\":\"2021-01-05T08:59:59.999Z\",\"op\":\"restart\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"cancel\",\"task\":\"nobody\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"cancel\",\"task\":\"a\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"cancel\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"set_limit\",\"tenant\":\"t\",\"app\":\"box\",\"limit\":-1}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"set_limit\",\"tenant\":\"t\",\"app\":\"box\",\"limit\":4294967296}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"set_limit\",\"tenant\":\"t\",\"app\":\"box\",\"limit\":\"7\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"submit\",\"task\":\"x\",\"tenant\":\"t\",\"app\":\"box\",\"file\":\"f\",\"label_priority\":1}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"submit\",\"task\":\"x\",\"tenant\":\"t\",\"app\":\"box\",\"file\":\"\",\"policy\":\"p\",\"label_priority\":1}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"submit\",\"task\":\"a\",\"tenant\":\"t\",\"app\":\"box\",\"file\":\"g\",\"policy\":\"p\",\"label_priority\":1}",
    ];
    let mut text = good.clone();
    for line in bad {
        text += &format!("{line}\n\n");
    }
    text += &script(&["05T10:00:00 submit z f9 p"]);
    let lines = play(&text, Options::default());
    for (number, line) in lines[..bad.len()].iter().enumerate() {
        assert_eq!(line["line"], json!(2 + 2 * number), "{line}");
        assert!(!line["error"].as_str().unwrap().is_empty());
    }
    let rest = brief(&lines[bad.len()..]);
    assert_eq!(
        rest,
        [
            "a succeeded 2021-01-05T09:00:00Z",
            "z succeeded 2021-01-05T10:00:00Z"
        ]
    );
}

#[test]
fn what_comes_after_the_end_does_not_happen() {
    let lines = [
        "05T09:00:00 set_limit 1",
        "05T10:00:00 submit a f1 p",
        "05T10:00:00 submit b f2 p",
        "07T10:00:00 submit c f3 p",
    ];
    check(&lines, until_at("05T09:59:59.999"), &[]);
    check(
        &lines,
        until_at("05T10:00:00"),
        &[
            "a succeeded 2021-01-05T10:00:00Z",
            "b deferred 2021-01-06T12:00:00Z daily_limit",
        ],
    );
    check(
        &lines,
        until_at("06T12:00:00"),
        &[
            "a succeeded 2021-01-05T10:00:00Z",
            "b succeeded 2021-01-06T12:00:00Z",
        ],
    );
    check(
        &lines,
        until_at("09T00:00:00"),
        &[
            "a succeeded 2021-01-05T10:00:00Z",
            "b succeeded 2021-01-06T12:00:00Z",
            "c succeeded 2021-01-07T12:00:00Z",
        ],
    );
}

#[test]
fn r_165_the_command_says_the_same_in_every_zone_and_fails_only_without_a_script() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("week.jsonl");
    let text = script(&[
        "05T08:00:00 set_limit 1",
        "05T23:59:00 submit a f1 p",
        "05T23:59:00 submit b f2 p",
        "05T23:59:00 cancel nobody",
    ]);
    std::fs::write(&path, text).unwrap();
    let mut outputs = Vec::new();
    for (zone, store) in [
        ("UTC", "memory"),
        ("America/New_York", "sqlite"),
        ("Pacific/Kiritimati", "memory"),
    ] {
        let output = Command::new(example("labelling_week"))
            .args(["--scenario", path.to_str().unwrap(), "--store", store])
            .args(["--day", "calendar", "--profile", "current"])
            .args(["--until", "2021-01-06T12:59:59+01:00"])
            .env("TZ", zone)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        outputs.push(String::from_utf8(output.stdout).unwrap());
    }
    assert!(
        outputs.iter().all(|output| *output == outputs[0]),
        "{outputs:?}"
    );
    let expected = [
        "{\"line\":4,\"error\":\"there is no task `nobody`\"}",
        "{\"task\":\"a\",\"state\":\"succeeded\",\"at\":\"2021-01-05T23:59:00Z\",\"until\":null,\
         \"reason\":null,\"joined\":null}",
        "{\"task\":\"b\",\"state\":\"deferred\",\"at\":null,\"until\":\"2021-01-06T12:00:00Z\",\
         \"reason\":\"daily_limit\",\"joined\":null}",
    ];
    assert_eq!(outputs[0].lines().collect::<Vec<_>>(), expected);
    for arguments in [
        &["--scenario", "/no/such/file"][..],
        &["--scenario"],
        &["--scenario", path.to_str().unwrap(), "--day", "night"],
        &["--scenario", path.to_str().unwrap(), "--until", "tomorrow"],
    ] {
        let output = Command::new(example("labelling_week"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}
