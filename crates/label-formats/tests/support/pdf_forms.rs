//! One labelled document in every form of cross-reference.

use super::pdf::{Pdf, deflate, description, info_of, packet};
use super::{A, L1};

/// Properties and metadata that are not labels.
pub(crate) const OTHER_INFO: &str =
    "/Title(A \\(plain\\) title)/Weight 1.50/Author 7 0 R/ModDate(D:20200101)";
pub(crate) const OTHER_XMP: &str = "<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"><!-- kept --><dc:format>application/pdf</dc:format><xmp:ModifyDate>2020-01-01</xmp:ModifyDate></rdf:Description>";

/// Files in every form of cross-reference, with one tenant's label in both places.
pub(crate) fn variants() -> Vec<(&'static str, Vec<u8>)> {
    let info = info_of(L1, A).replace("<<", &format!("<<{OTHER_INFO}"));
    let xmp = packet(&format!("{OTHER_XMP}{}", description(L1, A)));
    let metadata = "/Type/Metadata/Subtype/XML";
    let start = || {
        let mut pdf = Pdf::page("/Metadata 5 0 R");
        pdf.object(7, "(An author)");
        pdf
    };
    let mut list = Vec::new();
    for (name, predictor) in [("stream", false), ("stream with predictor", true)] {
        let mut pdf = start();
        pdf.object(4, &info);
        pdf.stream(5, metadata, xmp.as_bytes());
        pdf.xref_stream(9, "/Info 4 0 R", predictor);
        list.push((name, pdf.bytes));
    }
    let mut pdf = start();
    pdf.object_stream(8, &[(4, &info), (6, "[1 2 3]")]);
    pdf.stream(5, metadata, xmp.as_bytes());
    pdf.xref_stream(9, "/Info 4 0 R", true);
    list.push(("object stream", pdf.bytes));
    let mut pdf = start();
    pdf.object_stream(8, &[(4, &info)]);
    pdf.stream(5, metadata, xmp.as_bytes());
    pdf.hybrid(9, "/Info 4 0 R/ID[<0102><0304>]");
    list.push(("hybrid", pdf.bytes));
    let mut pdf = start();
    pdf.object(4, &info);
    pdf.stream(5, metadata, xmp.as_bytes());
    pdf.table("/Info 4 0 R/ID[<0102><0304>]");
    list.push(("table", pdf.bytes));
    let mut pdf = start();
    pdf.stream(5, metadata, xmp.as_bytes());
    pdf.table(&format!("/Info {info}"));
    list.push(("direct Info", pdf.bytes));
    let mut pdf = start();
    pdf.object(4, "6 0 R");
    pdf.object(6, &info);
    pdf.stream(
        5,
        &format!("{metadata}/Filter/FlateDecode"),
        &deflate(xmp.as_bytes()),
    );
    pdf.table("/Info 4 0 R");
    list.push(("Info behind a reference, packed XMP", pdf.bytes));
    let mut pdf = start();
    pdf.object(4, "<<>>");
    pdf.stream(5, metadata, b"<x/>");
    pdf.table("/Info 4 0 R");
    pdf.object(4, &info);
    pdf.stream(5, metadata, xmp.as_bytes());
    pdf.table("/Info 4 0 R");
    list.push(("two revisions", pdf.bytes));
    let mut pdf = start();
    pdf.object(4, &info);
    let mut utf16 = vec![0xfe, 0xff];
    utf16.extend(
        xmp.replace('\u{feff}', "")
            .encode_utf16()
            .flat_map(u16::to_be_bytes),
    );
    pdf.stream(5, metadata, &utf16);
    pdf.table("/Info 4 0 R");
    list.push(("UTF-16 XMP", pdf.bytes));
    list
}
