"""Mocks"""
