//! Parses the texts of keys. That this is possible proves that no two values have the same text.

use super::normal::Normal;

/// Parses an argument list.
pub(crate) fn read_args(text: &str) -> Vec<(String, Normal)> {
    let mut reader = Reader(text);
    reader.expect("(");
    let mut args = Vec::new();
    while !reader.take(")") {
        if !args.is_empty() {
            reader.expect(",");
        }
        let name = reader.name();
        reader.expect("=");
        args.push((name, reader.value()));
    }
    reader.end();
    args
}

/// Parses one value.
pub(crate) fn read(text: &str) -> Normal {
    let mut reader = Reader(text);
    let value = reader.value();
    reader.end();
    value
}

struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn end(&self) {
        assert_eq!(self.0, "", "text after the end");
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.0.strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) {
        assert!(self.take(token), "{token} expected at {}", self.0);
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !belongs(c)).unwrap_or(self.0.len());
        let (run, rest) = self.0.split_at(end);
        self.0 = rest;
        run
    }

    fn value(&mut self) -> Normal {
        match self.0.chars().next().unwrap() {
            '_' => {
                self.expect("_");
                Normal::Unit
            }
            '"' => Normal::Text(self.quoted("\"")),
            '\'' => Normal::Char(self.quoted("'").parse().unwrap()),
            '[' => self.bracketed(),
            '(' => match self.parenthesized() {
                Inside::Values(values, false) => Normal::Tuple(values),
                Inside::Fields(fields) => Normal::Struct(fields),
                other => panic!("{other:?} without a variant"),
            },
            '0' if self.0.starts_with("0x") => {
                self.expect("0x");
                let digits = self.run(|c| c.is_ascii_hexdigit());
                Normal::Bytes(unhex(digits))
            }
            '-' | '0'..='9' => self.number(),
            _ => self.word(),
        }
    }

    fn number(&mut self) -> Normal {
        let digits = self.run(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
        if digits.contains(['.', 'e', 'i']) {
            Normal::float(digits.parse().unwrap())
        } else {
            Normal::Integer(digits.to_owned())
        }
    }

    /// A keyword or a variant.
    fn word(&mut self) -> Normal {
        let raw = self.run(is_name);
        match raw {
            "true" => return Normal::Bool(true),
            "false" => return Normal::Bool(false),
            "nan" => return Normal::float(f64::NAN),
            "inf" => return Normal::float(f64::INFINITY),
            "none" => return Normal::None,
            "some" => {
                self.expect("(");
                let value = self.value();
                self.expect(")");
                return Normal::Some(Box::new(value));
            }
            _ => {}
        }
        let name = name(raw);
        if !self.0.starts_with('(') {
            return Normal::UnitVariant(name);
        }
        match self.parenthesized() {
            Inside::Fields(fields) => Normal::StructVariant(name, fields),
            Inside::Values(mut values, false) if values.len() == 1 => {
                Normal::NewtypeVariant(name, Box::new(values.remove(0)))
            }
            Inside::Values(values, comma) => {
                assert_eq!(comma, values.len() == 1);
                Normal::TupleVariant(name, values)
            }
        }
    }

    fn bracketed(&mut self) -> Normal {
        self.expect("[");
        if self.take("]") {
            return Normal::Seq(Vec::new());
        }
        if self.take("=]") {
            return Normal::Map(Vec::new());
        }
        let first = self.value();
        if !self.take("=") {
            let mut values = vec![first];
            while self.take(",") {
                values.push(self.value());
            }
            self.expect("]");
            return Normal::Seq(values);
        }
        let mut entries = vec![(first, self.value())];
        while self.take(",") {
            let key = self.value();
            self.expect("=");
            entries.push((key, self.value()));
        }
        self.expect("]");
        Normal::map(entries)
    }

    fn parenthesized(&mut self) -> Inside {
        self.expect("(");
        if self.take("=)") {
            return Inside::Fields(Vec::new());
        }
        // A field has a name before `=`, and a value is never there.
        let ahead = Self(self.0).run(is_name).len();
        if self.0[ahead..].starts_with('=') {
            let mut fields = Vec::new();
            while fields.is_empty() || self.take(",") {
                let name = self.name();
                self.expect("=");
                fields.push((name, self.value()));
            }
            self.expect(")");
            return Inside::Fields(fields);
        }
        let mut values = Vec::new();
        loop {
            if self.take(")") {
                let comma = !values.is_empty();
                return Inside::Values(values, comma);
            }
            values.push(self.value());
            if !self.take(",") {
                self.expect(")");
                return Inside::Values(values, false);
            }
        }
    }

    fn name(&mut self) -> String {
        name(self.run(is_name))
    }

    fn quoted(&mut self, quote: &str) -> String {
        self.expect(quote);
        let text = unescape(self.run(|c| c != '"' && c != '\''));
        self.expect(quote);
        text
    }
}

/// The contents of parentheses. For values, whether they end with a comma.
#[derive(Debug)]
enum Inside {
    Values(Vec<Normal>, bool),
    Fields(Vec<(String, Normal)>),
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '%')
}

fn name(raw: &str) -> String {
    if raw == "%" {
        return String::new();
    }
    assert_ne!(raw, "");
    unescape(raw)
}

pub(crate) fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.extend(unhex(str::from_utf8(&digits).unwrap()));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn unhex(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            assert_eq!(pair, pair.to_ascii_uppercase());
            u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()
        })
        .collect()
}
