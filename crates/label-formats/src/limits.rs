//! How much of a file is read before it counts as hostile.

/// Bounds on what reading and writing take from a file. The defaults fit every genuine document;
/// a file beyond them gets a typed outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest file that is written, in bytes before labelling: 50 MiB inclusive, as the product
    /// had it until 2022. Also the largest file that is decrypted; other reading has no such limit.
    pub write_bytes_max: u64,
    /// Largest ZIP directory, in bytes: 32 MiB.
    pub directory_bytes_max: u64,
    /// Most entries of a package: 100,000.
    pub entries_max: usize,
    /// Largest label part after inflation, in bytes: 1 MiB.
    pub label_part_bytes_max: u64,
    /// Largest `[Content_Types].xml` or `_rels/.rels` after inflation, in bytes: 4 MiB.
    pub plumbing_part_bytes_max: u64,
    /// Most elements, texts and other items of one XML part: 500,000.
    pub xml_items_max: usize,
    /// Deepest nesting of one XML part: 64.
    pub xml_depth_max: usize,
    /// Most attributes of one XML element: 256.
    pub xml_attributes_max: usize,
    /// Most label records of one file: 1,000.
    pub labels_max: usize,
    /// Most diagnostics of one file: 200; the rest is dropped.
    pub diagnostics_max: usize,
    /// Largest compound file directory and stream that is read, in bytes: 8 MiB.
    pub compound_bytes_max: u64,
    /// Longest publishing licence, in characters: 1,000,000, as Microsoft's own reader has it.
    pub licence_chars_max: usize,
    /// Largest PDF object, cross-reference or metadata stream after inflation, in bytes: 16 MiB.
    pub pdf_stream_bytes_max: u64,
    /// Most bytes that reading one PDF may read and inflate together: 256 MiB. Repeated looks at
    /// the same bytes count each time.
    pub pdf_work_bytes_max: u64,
    /// Largest attachment with the content of a protected PDF that is inflated to find its
    /// licence, in bytes: 32 MiB. One that is not compressed is read by ranges, whatever its size.
    pub pdf_payload_bytes_max: u64,
    /// Most bytes of cross-reference that are kept while a PDF is read: 48 MiB.
    pub pdf_reference_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1_048_576;
        Self {
            write_bytes_max: 50 * MIB,
            directory_bytes_max: 32 * MIB,
            entries_max: 100_000,
            label_part_bytes_max: MIB,
            plumbing_part_bytes_max: 4 * MIB,
            xml_items_max: 500_000,
            xml_depth_max: 64,
            xml_attributes_max: 256,
            labels_max: 1_000,
            diagnostics_max: 200,
            compound_bytes_max: 8 * MIB,
            licence_chars_max: 1_000_000,
            pdf_stream_bytes_max: 16 * MIB,
            pdf_work_bytes_max: 256 * MIB,
            pdf_payload_bytes_max: 32 * MIB,
            pdf_reference_bytes_max: 48 * MIB,
        }
    }
}
