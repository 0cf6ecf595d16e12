"""What SES says happened to mails."""
