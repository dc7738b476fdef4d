//! `wellhead config` as a process.
#![cfg(test)]

mod common;

use common::{folder, plugins, run, text, wellhead};

#[test]
fn a_good_configuration_is_said_to_be_good() {
    let plugins = plugins();
    let ended = run(["config", "check", "--plugins", text(&plugins)]).with_code(0);
    assert!(ended.stdout.starts_with("the configuration is good: "), "{ended:?}");
    assert!(ended.stdout.ends_with("1 data source\n"), "the embedded default: {ended:?}");
    assert_eq!(ended.stderr, "");
}

#[test]
fn every_fault_of_file_provisioning_and_plugins_comes_at_once() {
    let files = folder(&[
        ("wellhead.toml", "listen = \"nowhere\"\nport = \"x\"\nplugins = \"p\"\nprovisioning = \"ds\"\n"),
        ("p/broken.wasm", "not wasm"),
        ("p/panel.plugin.json", "{\"id\": 5}"),
        ("ds/a.yaml", "apiVersion: 1\ndatasources:\n- {name: A, type: testdata, access: sideways}\n"),
    ]);
    let config = files.path().join("wellhead.toml");
    let ended = run(["config", "check", "--config", text(&config)]).with_code(2);
    let ended = ended.complains(&[
        "5 faults in the configuration",
        "wellhead.toml:1: listen: \"nowhere\" is not ADDRESS:PORT: write 127.0.0.1:3000",
        "wellhead.toml:2: unknown key \"port\": the keys are listen,",
        "p/broken.wasm: not a readable WebAssembly file",
        "p/panel.plugin.json: malformed manifest at \"id\" (line 1",
        "a.yaml:3: datasources[0].access: is \"sideways\": write proxy or direct",
    ]);
    assert_eq!(ended.stdout, "");
}

#[test]
fn a_data_source_whose_plugin_is_missing_is_a_fault() {
    let files = folder(&[("ds.yaml", "apiVersion: 1\ndatasources:\n- {name: Lost, uid: lost, type: nosuch}\n")]);
    let plugins = plugins();
    let ended =
        run(["config", "check", "--plugins", text(&plugins), "--provisioning", text(files.path())]).with_code(2);
    ended.complains(&[
        "data source \"Lost\" (lost): no plugin \"nosuch\"",
        "grafana-testdata-datasource",
        "mend the type",
    ]);
}

#[test]
fn the_effective_settings_are_shown_with_their_origin() {
    let files = folder(&[("wellhead.toml", "listen = \"127.0.0.1:1\"\nlog-level = \"debug\"\n")]);
    let mut command = wellhead(["config", "show", "--plugins", "p"]);
    let command = command.current_dir(files.path()).env("WELLHEAD_LOG_LEVEL", "warn");
    let shown = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let rows: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.contains(&vec!["listen", "127.0.0.1:1", "wellhead.toml:1"]), "{shown}");
    assert!(rows.contains(&vec!["plugins", "p", "--plugins"]), "{shown}");
    assert!(rows.contains(&vec!["log-level", "warn", "WELLHEAD_LOG_LEVEL"]), "{shown}");
    assert!(rows.contains(&vec!["log-format", "human", "default"]), "{shown}");
}
