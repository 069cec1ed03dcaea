"""What happens to people and secrets when programs open links and when files fall into wrong hands."""
