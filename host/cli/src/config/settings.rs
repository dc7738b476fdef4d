//! The four layers, folded into one value a setting.

use super::Limited;
use super::{
    CorsOrigins, Fault, File, Grants, Key, Listen, LogFilter, LogFormat, MasterKeyPlace, Switch, value::Value,
};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use wellhead_server::TlsFiles;

/// Read when `--config` names no other file.
const DEFAULT_FILE: &str = "wellhead.toml";
/// Names the file where `--config` does not.
const FILE_VARIABLE: &str = "WELLHEAD_CONFIG";

/// The flags of `serve` and `config`. They stay text until the layers are folded, so that one parser serves all four.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ConfigArgs {
    /// Configuration file [default: ./wellhead.toml, if it exists] [env: WELLHEAD_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Address to listen on; port 0 takes any free port [default: 127.0.0.1:3000] [env: WELLHEAD_LISTEN]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<OsString>,
    /// Certificate to speak TLS with, as PEM, and after it those between it and its CA; read again when it changes [env:
    /// WELLHEAD_TLS_CERT]
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<OsString>,
    /// Its private key, as PEM [env: WELLHEAD_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    tls_key: Option<OsString>,
    /// A proxy in front terminates TLS, and nobody else reaches the address: clients are who its X-Forwarded-For says
    /// [default: off] [env: WELLHEAD_BEHIND_PROXY]
    #[arg(long, value_name = "on|off", num_args = 0..=1, default_missing_value = "on")]
    behind_proxy: Option<OsString>,
    /// Listen beyond loopback though what is said can be read on the way [default: off] [env: WELLHEAD_INSECURE]
    #[arg(long, value_name = "on|off", num_args = 0..=1, default_missing_value = "on")]
    insecure: Option<OsString>,
    /// Origin whose pages may ask, with credentials (CORS); several with commas between, or one flag each [default:
    /// none] [env: WELLHEAD_CORS_ORIGIN]
    #[arg(long, value_name = "https://HOST[:PORT]")]
    cors_origin: Vec<OsString>,
    /// Let whoever brings no credentials query, as a viewer of org 1 [default: off] [env: WELLHEAD_ANONYMOUS_VIEWER]
    #[arg(long, value_name = "on|off", num_args = 0..=1, default_missing_value = "on")]
    anonymous_viewer: Option<OsString>,
    /// Folder for the host's own files: data sources, users, the key of secrets, compiled plugins; made if missing [default: data] [env: WELLHEAD_DATA]
    #[arg(long, value_name = "DIR")]
    data: Option<OsString>,
    /// Where the key of all secrets is: file:PATH, made at the first start; env:NAME; or command:PROGRAM ARGUMENTS, which
    /// prints it [default: file:DATA/master.key] [env: WELLHEAD_MASTER_KEY]
    #[arg(long, value_name = "WHERE")]
    master_key: Option<OsString>,
    /// Folder of plugins, one .wasm file each [default: plugins] [env: WELLHEAD_PLUGINS]
    #[arg(long, value_name = "DIR")]
    plugins: Option<OsString>,
    /// Folder of data sources, in Grafana's provisioning format; without it there is one, `testdata`, if its plugin is
    /// there [env: WELLHEAD_PROVISIONING]
    #[arg(long, value_name = "DIR")]
    provisioning: Option<OsString>,
    /// Origins plugins may reach beside their data source's own, where their manifests ask for them: PLUGIN=ORIGIN,
    /// several with commas between [env: WELLHEAD_GRANT_ORIGINS]
    #[arg(long, value_name = "PLUGIN=ORIGIN,…")]
    grant_origins: Option<OsString>,
    /// on: plugins follow their files; off: the folder is read once, and plugins change when somebody says so [default:
    /// on] [env: WELLHEAD_AUTO_RELOAD]
    #[arg(long, value_name = "on|off")]
    auto_reload: Option<OsString>,
    /// on: look for changed plugin files every other second, for file systems that tell nobody of changes [default: off]
    /// [env: WELLHEAD_PLUGIN_POLL]
    #[arg(long, value_name = "on|off")]
    plugin_poll: Option<OsString>,
    /// Whether server admins may reload, pin, disable and remove plugins over HTTP [default: on] [env:
    /// WELLHEAD_PLUGIN_CONTROL]
    #[arg(long, value_name = "on|off")]
    plugin_control: Option<OsString>,
    /// error, warn, info, debug, trace, or directives such as info,wellhead_runtime=debug [default: info] [env:
    /// WELLHEAD_LOG_LEVEL]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<OsString>,
    /// human or json [default: human] [env: WELLHEAD_LOG_FORMAT]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<OsString>,
}

impl ConfigArgs {
    /// The flags of commands that work on a host's folders without serving.
    pub(crate) fn of_folders(config: Option<PathBuf>, data: Option<PathBuf>, plugins: Option<PathBuf>) -> Self {
        let text = |path: Option<PathBuf>| path.map(PathBuf::into_os_string);
        Self { config, data: text(data), plugins: text(plugins), ..Self::default() }
    }

    fn get(&self, key: Key) -> Option<OsString> {
        let text = match key {
            Key::Listen => &self.listen,
            Key::TlsCertFile => &self.tls_cert,
            Key::TlsKeyFile => &self.tls_key,
            Key::BehindProxy => &self.behind_proxy,
            Key::Insecure => &self.insecure,
            Key::CorsOrigin => {
                return (!self.cors_origin.is_empty()).then(|| self.cors_origin.join(OsStr::new(",")));
            }
            Key::AnonymousViewer => &self.anonymous_viewer,
            Key::Data => &self.data,
            Key::MasterKeyPlace => &self.master_key,
            Key::Plugins => &self.plugins,
            Key::Provisioning => &self.provisioning,
            Key::GrantOrigins => &self.grant_origins,
            Key::AutoReload => &self.auto_reload,
            Key::PluginPoll => &self.plugin_poll,
            Key::PluginControl => &self.plugin_control,
            Key::LogLevel => &self.log_level,
            Key::LogFormat => &self.log_format,
        };
        text.clone()
    }
}

/// Which layer a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(Key),
    Variable(Key),
    File { path: PathBuf, line: usize },
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(key) => f.write_str(&key.flag()),
            Self::Variable(key) => f.write_str(&key.variable()),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// What a host is started with.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) listen: Setting<Listen>,
    pub(crate) tls_cert: Setting<Option<PathBuf>>,
    /// There is one exactly where there is a certificate.
    pub(crate) tls_key: Setting<Option<PathBuf>>,
    pub(crate) behind_proxy: Setting<Switch>,
    pub(crate) insecure: Setting<Switch>,
    pub(crate) cors_origin: Setting<CorsOrigins>,
    pub(crate) anonymous_viewer: Setting<Switch>,
    pub(crate) data: Setting<PathBuf>,
    /// `None`: the file `master.key` in the data folder.
    pub(crate) master_key: Setting<Option<MasterKeyPlace>>,
    pub(crate) plugins: Setting<PathBuf>,
    /// `None`: the embedded default.
    pub(crate) provisioning: Setting<Option<PathBuf>>,
    pub(crate) grant_origins: Setting<Grants>,
    pub(crate) auto_reload: Setting<Switch>,
    pub(crate) plugin_poll: Setting<Switch>,
    /// `None`: on.
    pub(crate) plugin_control: Setting<Option<Switch>>,
    pub(crate) log_level: Setting<LogFilter>,
    pub(crate) log_format: Setting<LogFormat>,
    /// From the file alone.
    pub(crate) limits: Limited,
}

impl Settings {
    /// The settings as far as they can be read, and every fault in them. With a fault, do not start.
    pub(crate) fn load(args: &ConfigArgs) -> (Self, Vec<Fault>) {
        Self::layered(args, |name| std::env::var_os(name))
    }

    fn layered(args: &ConfigArgs, variable: impl Fn(&str) -> Option<OsString>) -> (Self, Vec<Fault>) {
        let (file, mut faults) = match read_file(args, &variable) {
            Ok(None) => (None, Vec::new()),
            Ok(Some((file, faults))) => (Some(file), faults),
            Err(fault) => (None, vec![fault]),
        };
        let mut layers = Layers { args, variable, file: file.as_ref(), faults: &mut faults };
        let settings = Self {
            listen: layers.fold(Key::Listen, Listen::default()),
            tls_cert: layers.fold(Key::TlsCertFile, None::<PathBuf>).beside_its_file(),
            tls_key: layers.fold(Key::TlsKeyFile, None::<PathBuf>).beside_its_file(),
            behind_proxy: layers.fold(Key::BehindProxy, Switch::Off),
            insecure: layers.fold(Key::Insecure, Switch::Off),
            cors_origin: layers.fold(Key::CorsOrigin, CorsOrigins::default()),
            anonymous_viewer: layers.fold(Key::AnonymousViewer, Switch::Off),
            master_key: layers.fold(Key::MasterKeyPlace, None::<MasterKeyPlace>).beside_its_file(),
            data: layers.fold(Key::Data, PathBuf::from("data")).beside_its_file(),
            plugins: layers.fold(Key::Plugins, PathBuf::from("plugins")).beside_its_file(),
            provisioning: layers.fold(Key::Provisioning, None::<PathBuf>).beside_its_file(),
            grant_origins: layers.fold(Key::GrantOrigins, Grants::default()),
            auto_reload: layers.fold(Key::AutoReload, Switch::On),
            plugin_poll: layers.fold(Key::PluginPoll, Switch::Off),
            plugin_control: layers.fold(Key::PluginControl, None),
            log_level: layers.fold(Key::LogLevel, LogFilter::default()),
            log_format: layers.fold(Key::LogFormat, LogFormat::Human),
            limits: file.as_ref().map(Limited::of).unwrap_or_default(),
        };
        faults.extend(settings.half_a_pair());
        (settings, faults)
    }

    /// Certificate and key to speak TLS with.
    pub(crate) fn tls_files(&self) -> Option<TlsFiles> {
        let (certificate, key) = (self.tls_cert.value.clone()?, self.tls_key.value.clone()?);
        Some(TlsFiles { certificate, key })
    }

    /// The fault of a certificate without its key, or the other way round.
    fn half_a_pair(&self) -> Option<Fault> {
        let (there, missing, what) = match (&self.tls_cert, &self.tls_key) {
            (cert @ Setting { value: Some(_), .. }, Setting { value: None, .. }) => (cert, Key::TlsKeyFile, "key"),
            (Setting { value: None, .. }, key @ Setting { value: Some(_), .. }) => {
                (key, Key::TlsCertFile, "certificate")
            }
            _ => return None,
        };
        let problem = format!("TLS needs both a certificate and its key, and there is no {}", missing.name());
        Some(Fault::new(&there.origin, problem).cure(format!("name the {what} with {} FILE", missing.flag())))
    }

    /// Every setting as name, value and origin.
    pub(crate) fn rows(&self) -> Vec<(String, String, String)> {
        let path = |path: &Path| path.display().to_string();
        let file = |file: &Option<PathBuf>| file.as_deref().map_or_else(|| "(none)".to_owned(), path);
        let provisioning = self.provisioning.value.as_deref().map_or_else(|| "(embedded default)".to_owned(), path);
        let master_key = self.master_key.value.as_ref();
        let master_key = master_key.map_or_else(|| "file:(data)/master.key".to_owned(), MasterKeyPlace::to_string);
        // Whoever asks `serve` is known: server admins may, wherever it listens.
        let control = self.plugin_control.value.unwrap_or(Switch::On).to_string();
        let settings = [
            (Key::Listen.name(), self.listen.value.to_string(), self.listen.origin.to_string()),
            (Key::TlsCertFile.name(), file(&self.tls_cert.value), self.tls_cert.origin.to_string()),
            (Key::TlsKeyFile.name(), file(&self.tls_key.value), self.tls_key.origin.to_string()),
            (Key::BehindProxy.name(), self.behind_proxy.value.to_string(), self.behind_proxy.origin.to_string()),
            (Key::Insecure.name(), self.insecure.value.to_string(), self.insecure.origin.to_string()),
            (Key::CorsOrigin.name(), self.cors_origin.value.to_string(), self.cors_origin.origin.to_string()),
            (
                Key::AnonymousViewer.name(),
                self.anonymous_viewer.value.to_string(),
                self.anonymous_viewer.origin.to_string(),
            ),
            (Key::MasterKeyPlace.name(), master_key, self.master_key.origin.to_string()),
            (Key::Data.name(), path(&self.data.value), self.data.origin.to_string()),
            (Key::Plugins.name(), path(&self.plugins.value), self.plugins.origin.to_string()),
            (Key::Provisioning.name(), provisioning, self.provisioning.origin.to_string()),
            (Key::GrantOrigins.name(), self.grant_origins.value.to_string(), self.grant_origins.origin.to_string()),
            (Key::AutoReload.name(), self.auto_reload.value.to_string(), self.auto_reload.origin.to_string()),
            (Key::PluginPoll.name(), self.plugin_poll.value.to_string(), self.plugin_poll.origin.to_string()),
            (Key::PluginControl.name(), control, self.plugin_control.origin.to_string()),
            (Key::LogLevel.name(), self.log_level.value.to_string(), self.log_level.origin.to_string()),
            (Key::LogFormat.name(), self.log_format.value.to_string(), self.log_format.origin.to_string()),
        ];
        let settings = settings.into_iter().map(|(name, value, origin)| (name.to_owned(), value, origin));
        settings.chain(self.limits.rows()).collect()
    }
}

/// The file that the flag or the variable names, which must be there, or the default one, if it is.
fn read_file(
    args: &ConfigArgs,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<(File, Vec<Fault>)>, Fault> {
    let named = args.config.clone().or_else(|| variable(FILE_VARIABLE).map(PathBuf::from));
    let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(File::parse(&path, &text))),
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Fault::new(path.display(), format!("cannot read the configuration file: {error}"))),
    }
}

/// Where a setting's text is looked for, the first that has it winning.
struct Layers<'a, V> {
    args: &'a ConfigArgs,
    variable: V,
    file: Option<&'a File>,
    faults: &'a mut Vec<Fault>,
}

impl<V: Fn(&str) -> Option<OsString>> Layers<'_, V> {
    fn find(&self, key: Key) -> Option<(OsString, Origin)> {
        if let Some(text) = self.args.get(key) {
            return Some((text, Origin::Flag(key)));
        }
        // Set but empty is how compose files and shells say "not set".
        if let Some(text) = (self.variable)(&key.variable()).filter(|text| !text.is_empty()) {
            return Some((text, Origin::Variable(key)));
        }
        let file = self.file?;
        let (line, text) = file.get(key)?;
        Some((text.into(), Origin::File { path: file.path.clone(), line }))
    }

    fn fold<T: Value>(&mut self, key: Key, default: T) -> Setting<T> {
        let Some((text, origin)) = self.find(key) else {
            return Setting { value: default, origin: Origin::Default };
        };
        match T::parse(&text) {
            Ok(value) => Setting { value, origin },
            Err(problem) => {
                let place = match &origin {
                    Origin::File { .. } => format!("{origin}: {}", key.name()),
                    _ => origin.to_string(),
                };
                self.faults.push(Fault::new(place, problem));
                Setting { value: default, origin: Origin::Default }
            }
        }
    }
}

impl Setting<PathBuf> {
    /// A path in a file counts from the file's folder, so that the file works from wherever the command is called.
    fn beside_its_file(self) -> Self {
        let value = beside(&self.origin, self.value);
        Self { value, origin: self.origin }
    }
}

impl Setting<Option<PathBuf>> {
    fn beside_its_file(self) -> Self {
        let value = self.value.map(|path| beside(&self.origin, path));
        Self { value, origin: self.origin }
    }
}

impl Setting<Option<MasterKeyPlace>> {
    fn beside_its_file(self) -> Self {
        let value = self.value.map(|place| match place {
            MasterKeyPlace::File(path) => MasterKeyPlace::File(beside(&self.origin, path)),
            elsewhere => elsewhere,
        });
        Self { value, origin: self.origin }
    }
}

fn beside(origin: &Origin, path: PathBuf) -> PathBuf {
    match origin {
        Origin::File { path: file, .. } => file.parent().unwrap_or(Path::new("")).join(path),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_variables(_: &str) -> Option<OsString> {
        None
    }

    #[test]
    fn a_flag_beats_a_variable_beats_the_file_beats_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.toml");
        let lines =
            ["listen = \"file:1\"", "data = \"file-data\"", "plugins = \"file-plugins\"", "master-key = \"file:key\""];
        std::fs::write(&path, lines.join("\n")).unwrap();
        let args = ConfigArgs { config: Some(path.clone()), listen: Some("flag:1".into()), ..ConfigArgs::default() };
        let variable = |name: &str| match name {
            "WELLHEAD_LISTEN" => Some("variable:1".into()),
            "WELLHEAD_DATA" => Some("variable-data".into()),
            "WELLHEAD_PLUGINS" => Some(OsString::new()),
            _ => None,
        };
        let (settings, faults) = Settings::layered(&args, variable);
        assert_eq!(faults, []);
        assert_eq!(settings.listen.value.as_str(), "flag:1");
        assert_eq!(settings.listen.origin, Origin::Flag(Key::Listen));
        assert_eq!(settings.data.value, Path::new("variable-data"));
        assert_eq!(settings.data.origin, Origin::Variable(Key::Data));
        assert_eq!(settings.plugins.value, folder.path().join("file-plugins"), "beside the file");
        assert_eq!(settings.plugins.origin, Origin::File { path, line: 3 });
        assert_eq!(settings.master_key.value, Some(MasterKeyPlace::File(folder.path().join("key"))), "also this one");
        assert_eq!(settings.log_format.origin, Origin::Default);
    }

    #[test]
    fn faults_of_all_layers_come_together() {
        let args = ConfigArgs { listen: Some("nowhere".into()), ..ConfigArgs::default() };
        let variable = |name: &str| (name == "WELLHEAD_LOG_FORMAT").then(|| "xml".into());
        let (_, faults) = Settings::layered(&args, variable);
        let places: Vec<&str> = faults.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(places, ["--listen", "WELLHEAD_LOG_FORMAT"]);
    }

    #[test]
    fn a_certificate_and_its_key_come_together_from_wherever() {
        let load = |args: ConfigArgs, variable: (&str, &str)| {
            let (name, value) = (variable.0.to_owned(), OsString::from(variable.1));
            let (settings, faults) = Settings::layered(&args, |asked| (asked == name).then(|| value.clone()));
            (settings.tls_files(), faults.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let cert = || ConfigArgs { tls_cert: Some("c.pem".into()), ..ConfigArgs::default() };
        let (files, faults) = load(cert(), ("WELLHEAD_TLS_KEY", "k.pem"));
        assert_eq!(files, Some(TlsFiles { certificate: "c.pem".into(), key: "k.pem".into() }));
        assert_eq!(faults, [""; 0]);
        let (files, faults) = load(cert(), ("WELLHEAD_TLS_KEY", ""));
        assert_eq!(files, None);
        let needs = "TLS needs both a certificate and its key, and there is no";
        assert_eq!(faults, [format!("--tls-cert: {needs} tls-key: name the key with --tls-key FILE")]);
        let (_, faults) = load(ConfigArgs::default(), ("WELLHEAD_TLS_KEY", "k.pem"));
        assert_eq!(faults, [format!("WELLHEAD_TLS_KEY: {needs} tls-cert: name the certificate with --tls-cert FILE")]);
    }

    #[test]
    fn several_flags_for_origins_are_one_list() {
        let origins = ["https://a.example", "https://b.example,https://c.example"].map(OsString::from).to_vec();
        let args = ConfigArgs { cors_origin: origins, ..ConfigArgs::default() };
        let (settings, faults) = Settings::layered(&args, no_variables);
        assert_eq!(faults, []);
        assert_eq!(settings.cors_origin.value.0.len(), 3);
    }

    #[test]
    fn a_file_that_was_asked_for_must_be_there() {
        let args = ConfigArgs { config: Some("no/such/wellhead.toml".into()), ..ConfigArgs::default() };
        let (_, faults) = Settings::layered(&args, no_variables);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].to_string().starts_with("no/such/wellhead.toml: cannot read"), "{}", faults[0]);
    }
}
