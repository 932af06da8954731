//! Find sensitive data in text: payment cards, IBANs, social security numbers, e-mail addresses, custom expressions
