//! Durable label tasks under a daily limit: never too many, never lost, never twice
