//! Command lines: flags with values, switches, and the rest.

use std::collections::BTreeMap;

/// The arguments of the program. One that is no text is taken with its odd characters replaced; a
/// path like that is then not found, and the answer says so.
pub fn given() -> impl Iterator<Item = String> {
    std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
}

/// Parsed arguments.
#[derive(Debug, Default)]
pub struct Arguments {
    values: BTreeMap<String, String>,
    switches: Vec<String>,
    rest: Vec<String>,
}

impl Arguments {
    /// Sorts arguments into flags with a value, switches and the rest.
    ///
    /// # Errors
    ///
    /// One line that names the argument and the known ones, or a flag that is given twice.
    pub fn parse(
        arguments: impl Iterator<Item = String>,
        flags: &[&str],
        switches: &[&str],
    ) -> Result<Self, String> {
        let mut parsed = Self::default();
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            if argument == "--" {
                parsed.rest.extend(arguments.by_ref());
            } else if flags.contains(&argument.as_str()) {
                let value = arguments
                    .next()
                    .ok_or_else(|| format!("`{argument}` needs a value"))?;
                if let Some(first) = parsed.values.get(&argument) {
                    return Err(format!("`{argument}` is given twice: `{first}`, `{value}`"));
                }
                parsed.values.insert(argument, value);
            } else if switches.contains(&argument.as_str()) {
                if parsed.has(&argument) {
                    return Err(format!("`{argument}` is given twice"));
                }
                parsed.switches.push(argument);
            } else if argument.starts_with("--") {
                let known = [flags, switches].concat().join(" ");
                return Err(format!("unknown option `{argument}`; there are: {known}"));
            } else {
                parsed.rest.push(argument);
            }
        }
        Ok(parsed)
    }

    /// The value of a flag.
    pub fn value(&self, flag: &str) -> Option<&str> {
        self.values.get(flag).map(String::as_str)
    }

    /// The value of a flag that must be there.
    ///
    /// # Errors
    ///
    /// One line that names the flag.
    pub fn required(&self, flag: &str) -> Result<&str, String> {
        self.value(flag)
            .ok_or_else(|| format!("`{flag}` is missing"))
    }

    /// Whether a switch was given.
    pub fn has(&self, switch: &str) -> bool {
        self.switches.iter().any(|given| given == switch)
    }

    /// Everything else, in order.
    pub fn rest(&self) -> &[String] {
        &self.rest
    }

    /// That there is nothing else.
    ///
    /// # Errors
    ///
    /// One line that names the first argument that belongs to nothing.
    pub fn no_rest(&self) -> Result<(), String> {
        match self.rest.first() {
            Some(one) => Err(format!("`{one}` belongs to nothing")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, String> {
        let arguments = arguments.iter().map(|one| (*one).to_owned());
        Arguments::parse(arguments, &["--files"], &["--json"])
    }

    #[test]
    fn nothing_is_passed_over_in_silence() {
        let twice = parse(&["--files", "a", "--files", "b"]).unwrap_err();
        assert_eq!(twice, "`--files` is given twice: `a`, `b`");
        assert_eq!(
            parse(&["--json", "--json"]).unwrap_err(),
            "`--json` is given twice"
        );
        let rest = parse(&["--files", "a", "b"]).unwrap();
        assert_eq!(rest.no_rest().unwrap_err(), "`b` belongs to nothing");
        assert_eq!(parse(&["--json"]).unwrap().no_rest(), Ok(()));
    }
}
