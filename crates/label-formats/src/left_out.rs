//! What stands in for a format that this build leaves out: its files are told, and not read.

#[cfg(not(feature = "ooxml"))]
pub(crate) mod ooxml {
    use label_core::TenantId;

    use crate::edited::EditedFile;
    use crate::error::WriteError;
    use crate::source::ByteSource;
    use crate::window::Windowed;
    use crate::write::Operation;
    use crate::{ReadOptions, Reading, Status};

    const CAUSE: &str = "an archive, and this program is built without the feature `ooxml`";

    pub(crate) fn read(_: Windowed<'_>, _: &ReadOptions<'_>) -> Reading {
        Reading::failed(Status::Unsupported, CAUSE)
    }

    pub(crate) fn plan<'a>(
        _: &'a dyn ByteSource,
        _: TenantId,
        _: &Operation<'_>,
        _: &ReadOptions<'_>,
        _: bool,
    ) -> Result<Option<EditedFile<'a>>, WriteError> {
        Err(WriteError::Unsupported(CAUSE.to_owned()))
    }

    pub(crate) mod compare {
        use crate::source::ByteSource;
        use crate::verify::{Differences, LabelChange, VerifyError, VerifyOptions};

        /// Never asked: such a file can't be read in this build.
        pub(crate) fn compare(
            _: (&dyn ByteSource, &dyn ByteSource),
            _: &[LabelChange],
            _: &VerifyOptions,
            _: &mut Differences,
        ) -> Result<(), VerifyError> {
            Ok(())
        }
    }
}

#[cfg(not(feature = "ooxml"))]
pub(crate) mod compound {
    use crate::source::ByteSource;
    use crate::{ReadOptions, Reading, Status};

    /// It may be an encrypted document, so it is never called one without a label.
    pub(crate) fn read(_: &dyn ByteSource, _: &ReadOptions<'_>) -> Reading {
        Reading::failed(
            Status::Unsupported,
            "a compound file, and this program is built without the feature `ooxml`",
        )
    }
}

#[cfg(not(feature = "pdf"))]
pub(crate) mod pdf {
    use label_core::TenantId;

    use crate::edited::EditedFile;
    use crate::error::WriteError;
    use crate::pdf_outcome::PdfOutcome;
    use crate::source::ByteSource;
    use crate::write::{Operation, WriteOptions};
    use crate::{ReadOptions, Reading, Status};

    const CAUSE: &str = "a PDF, and this program is built without the feature `pdf`";

    pub(crate) struct Planned<'a> {
        pub(crate) file: EditedFile<'a>,
        pub(crate) outcome: PdfOutcome,
    }

    pub(crate) fn read(_: &dyn ByteSource, _: &ReadOptions<'_>) -> Reading {
        Reading::failed(Status::Unsupported, CAUSE)
    }

    pub(crate) fn plan<'a>(
        _: &'a dyn ByteSource,
        _: TenantId,
        _: &Operation<'_>,
        _: &WriteOptions<'_>,
        _: bool,
    ) -> Result<Option<Planned<'a>>, WriteError> {
        Err(WriteError::Unsupported(CAUSE.to_owned()))
    }

    pub(crate) mod compare {
        use crate::source::ByteSource;
        use crate::verify::{Differences, LabelChange, VerifyError, VerifyOptions};

        /// Never asked: such a file can't be read in this build.
        pub(crate) fn compare(
            _: (&dyn ByteSource, &dyn ByteSource),
            _: &[LabelChange],
            _: &VerifyOptions,
            _: &mut Differences,
        ) -> Result<(), VerifyError> {
            Ok(())
        }
    }
}
