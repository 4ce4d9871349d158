"""What staff's pages (`bookings.desk`) and lists (`bookings.admin`) share: who may see what, words, searching."""
