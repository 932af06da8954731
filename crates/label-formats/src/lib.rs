//! Read, apply and remove Microsoft sensitivity labels in Word, Excel, PowerPoint and PDF files
